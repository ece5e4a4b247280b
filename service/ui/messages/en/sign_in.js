/** Signing in, at first or again. */
export default {
    "sign_in.title": "Sign in to the billing backlog",
    "sign_in.issuer": "Sign in with your organisation",
    "sign_in.key": "API key",
    "sign_in.key_help": "The key is used for this session and is not kept in the browser.",
    "sign_in.by_key": "Sign in by key",
    "sign_in.failed": "Signing in failed. Try again, or ask who looks after the service.",
    "sign_in.again": "Sign in again",
    "sign_in.again_help":
        "Your session has ended. Nothing that you have typed is lost: sign in, and go on.",
    "sign_in.another": "Somebody else is signed in",
    "sign_in.another_help":
        "{actor} has signed in in this browser since. What is shown here is of who was signed in before. Reload the page to go on.",
};

/** The settings. */
export default {
    "settings.language": "Language",
    "settings.theme": "Theme",
    "settings.density": "Density",
    "settings.single_keys": "Single letters are shortcuts",
    "settings.tenant": "Tenant",
    "settings.actor": "Signed in as",
    "settings.nobody_asked": "Nobody is asked to sign in",
    "settings.scopes": "May",
    "settings.sign_out": "Sign out",
    "theme.system": "As the system",
    "theme.light": "Light",
    "theme.dark": "Dark",
    "density.comfortable": "Comfortable",
    "density.compact": "Compact",
};

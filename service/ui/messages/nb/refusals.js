export default {
    "refusal.other": "The service refused this (code {code}).",
};

/** Innstillingene. */
export default {
    "settings.language": "Språk",
    "settings.theme": "Tema",
    "settings.density": "Tetthet",
    "settings.single_keys": "Enkeltbokstaver er snarveier",
    "settings.tenant": "Leietaker",
    "settings.actor": "Logget inn som",
    "settings.nobody_asked": "Ingen må logge inn",
    "settings.scopes": "Har lov til",
    "settings.sign_out": "Logg ut",
    "theme.system": "Som systemet",
    "theme.light": "Lyst",
    "theme.dark": "Mørkt",
    "density.comfortable": "Romslig",
    "density.compact": "Tett",
};

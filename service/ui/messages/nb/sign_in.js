/** Innlogging, første gang eller på nytt. */
export default {
    "sign_in.title": "Logg inn i faktureringsrestansen",
    "sign_in.issuer": "Logg inn med organisasjonen din",
    "sign_in.key": "API-nøkkel",
    "sign_in.key_help": "Nøkkelen brukes i denne økten og lagres ikke i nettleseren.",
    "sign_in.by_key": "Logg inn med nøkkel",
    "sign_in.failed":
        "Innloggingen mislyktes. Prøv igjen, eller spør den som har ansvar for tjenesten.",
    "sign_in.again": "Logg inn på nytt",
    "sign_in.again_help":
        "Økten din er avsluttet. Ingenting av det du har skrevet, er tapt: logg inn og fortsett.",
    "sign_in.another": "En annen er logget inn",
    "sign_in.another_help":
        "{actor} har logget inn i denne nettleseren siden sist. Det som vises her, er for den som var logget inn før. Last inn siden på nytt for å fortsette.",
};

/**
 * Det tjenesten avviser, etter koden i problemet: hva som er galt, og hva som hjelper.
 *
 * En nøkkel med `.figures` brukes når problemet nevner en grense.
 */
export default {
    "refusal.other": "Tjenesten avviste dette (kode {code}).",

    // selve forespørselen
    "refusal.invalid_fields":
        "Noe av det som er skrevet inn, er ikke riktig. Ingenting ble endret.",
    "refusal.invalid_field": "Rett dette: {field}.",
    "refusal.malformed_json":
        "Tjenesten kunne ikke lese forespørselen. Last siden på nytt og prøv igjen.",
    "refusal.malformed_if_match":
        "Siden vet ikke hvilken versjon den viser. Last den på nytt og prøv igjen.",
    "refusal.token_missing": "Du er ikke logget inn. Logg inn og prøv igjen.",
    "refusal.token_invalid":
        "Du slapp ikke inn: Nøkkelen eller økten er ukjent eller gjelder ikke lenger. Logg inn på nytt, med hele nøkkelen.",
    "refusal.session_over": "Du er logget ut. Ingenting er endret. Logg inn på nytt.",
    "refusal.csrf_token_missing":
        "Siden hører til en økt som er avsluttet. Ingenting er endret. Logg inn på nytt.",
    "refusal.token_and_session":
        "Nettleseren sendte to bevis på hvem du er. Ingenting er endret. Last siden på nytt.",
    "refusal.issuer_unavailable":
        "Det kan ikke kontrolleres hvem du er akkurat nå. Ingenting ble endret. Prøv igjen om et minutt.",
    "refusal.scope_missing":
        "Du har ikke lov til dette. Ingenting ble endret. Spør den som gir tilgang til tjenesten.",
    "refusal.token_restricted":
        "Tilgangen din gjelder bare noen kontrakter eller kunder, og dette går ut over dem. Ingenting ble endret.",
    "refusal.told_by_token":
        "Tilgangen din gjelder en annen leietaker. Logg inn for den leietakeren du vil til.",
    "refusal.http_error":
        "Tjenesten kunne ikke ta imot forespørselen. Last siden på nytt og prøv igjen.",
    "refusal.cut_off": "Forbindelsen ble brutt for tidlig. Ingenting ble endret. Prøv igjen.",
    "refusal.foreign_origin":
        "Tjenesten tar ikke imot endringer fra denne adressen. Åpne siden på den vanlige adressen, eller spør den som drifter tjenesten.",
    "refusal.not_found": "Her er det ingenting. Last siden på nytt.",
    "refusal.method_not_allowed":
        "Tjenesten kan ikke gjøre dette. Last siden på nytt og prøv igjen.",
    "refusal.request_timeout": "Forespørselen kom for sakte. Ingenting ble endret. Prøv igjen.",
    "refusal.body_too_large": "Dette er for mye på én gang. Velg færre og prøv igjen.",
    "refusal.too_many_values": "Dette er for mye på én gang. Velg færre og prøv igjen.",
    "refusal.unknown_host":
        "Tjenesten kjenner ikke denne adressen. Spør den som drifter den, om den riktige.",

    // versjoner, gjentakelser, posisjoner
    "refusal.stale_version":
        "Noen har endret dette siden du åpnet det. Ingenting ble endret. Se hva som er nytt, og gjør det igjen.",
    "refusal.conflict":
        "Andre arbeidet med samme kontrakt i samme øyeblikk. Ingenting ble endret. Prøv igjen.",
    "refusal.idempotency_key_reused":
        "Dette ble sendt før med annet innhold. Last siden på nytt og gjør det igjen.",
    "refusal.position_ahead":
        "Siden er foran tjenesten, som etter at en sikkerhetskopi er lagt tilbake. Last siden på nytt.",
    "refusal.views_behind":
        "Det som ble gjort, er lagret, men listene er ikke oppdatert ennå. Prøv igjen om et øyeblikk.",
    "refusal.too_many_waiting": "Tjenesten har mye å gjøre. Prøv igjen om et øyeblikk.",
    "refusal.too_many_connections": "Tjenesten har mye å gjøre. Prøv igjen om et øyeblikk.",

    // tjenestens egen tilstand
    "refusal.outcome_unknown":
        "Det er ikke kjent om dette ble gjort: Databasen svarte ikke. Last siden på nytt og se etter før du gjør det igjen.",
    "refusal.unavailable":
        "Databasen kan ikke brukes akkurat nå. Ingenting ble endret. Prøv igjen senere.",
    "refusal.commit_unconfirmed":
        "Databasen bekrefter ikke det som lagres. Si fra til den som drifter tjenesten.",
    "refusal.projector_stopped":
        "Listene oppdateres ikke lenger, så det du ser, kan være gammelt. Si fra til den som drifter tjenesten.",
    "refusal.history_too_new":
        "Tjenesten er eldre enn dataene sine. Si fra til den som drifter tjenesten.",
    "refusal.history_damaged":
        "En del av historikken kan ikke leses. Si fra til den som drifter tjenesten.",
    "refusal.internal": "Noe gikk galt i tjenesten. Si fra til den som drifter den.",
    "refusal.stopping": "Tjenesten er i ferd med å stoppe. Prøv igjen om et øyeblikk.",
    "refusal.too_many_requests":
        "Du spør oftere enn det er lov til. Vent et øyeblikk og prøv igjen.",
    "refusal.deadline_passed":
        "Dette tok for lang tid. Ingenting ble endret. Velg færre på én gang, eller prøv igjen.",
    "refusal.too_many_listeners":
        "For mange sider følger endringene, så denne gjør det ikke. Last den på nytt for å se hva som er nytt.",

    // det som ikke finnes
    "refusal.contract_not_found":
        "Denne kontrakten finnes ikke. Rett id-en, eller registrer kontrakten først.",
    "refusal.contract_line_not_found":
        "Kontrakten har ikke denne linjen. Rett id-en, eller registrer linjen først.",
    "refusal.milestone_not_found": "Denne milepælen finnes ikke, eller den er slettet.",
    "refusal.item_not_found": "Denne posten finnes ikke, eller den er slettet med milepælen sin.",
    "refusal.invoice_not_found": "Denne fakturaen finnes ikke, eller fakturautkastet er slettet.",
    "refusal.approval_not_found":
        "Godkjenningen som dette gjelder, har ikke kommet ennå. Det går videre av seg selv når den kommer.",
    "refusal.obligation_not_found": "Dette kravet om korrigering finnes ikke.",
    "refusal.obligation_closed":
        "Det er ikke lenger noe å korrigere for dette kravet, så det er ingenting å frafalle.",
    "refusal.parked_event_not_found":
        "Denne hendelsen venter ikke lenger: Den er mottatt eller forkastet i mellomtiden.",
    "refusal.ambiguous_event_id":
        "Flere hendelser med denne id-en venter. Last listen på nytt og velg en der.",
    "refusal.tenant_not_found":
        "Denne leietakeren finnes ikke. Spør den som drifter tjenesten, om navnet.",

    // kontrakter, linjer, milepæler
    "refusal.currency_fixed":
        "Kontrakten har linjer, så valutaen kan ikke endres. Lag en annen kontrakt for den andre valutaen.",
    "refusal.customer_on_line":
        "Kunden er på en linje i kontrakten, så den kan ikke forlate kontrakten. Ta den av linjen først.",
    "refusal.customer_has_items":
        "Kunden har poster på denne linjen, så den kan ikke forlate den. Sett andelen til 0: Da får den ikke flere.",
    "refusal.billing_method_fixed":
        "Linjen har poster, så den kan ikke bytte mellom fast pris og tid og materiale. Lag en annen linje.",
    "refusal.not_fixed_price":
        "Linjen faktureres etter tid og materiale, så den har ingen milepæler. Velg en linje med fast pris.",
    "refusal.milestone_in_billing":
        "En del av milepælen er på et fakturautkast eller postert, så den kan ikke endres eller slettes. Slett utkastet først; det som er postert, blir stående.",
    "refusal.milestone_completed":
        "Alle deler av milepælen er postert, så den kan ikke endres eller slettes.",
    "refusal.total_too_large": "En sum ville blitt for stor. Se etter et feil beløp.",

    // mottatte hendelser
    "refusal.unknown_event_type":
        "Hendelser av denne typen tas ikke imot. Den som sender dem, må rette typen.",
    "refusal.event_changed":
        "En hendelse med denne id-en kom før, med annet innhold. Hver hendelse må ha sin egen id.",
    "refusal.approval_changed":
        "Godkjenningen er registrert før, med annet innhold eller på en annen linje. Annet arbeid må ha en annen godkjenning.",
    "refusal.approval_canceled":
        "Godkjenningen er trukket tilbake, så det er ingenting å korrigere. Få arbeidet godkjent på nytt.",
    "refusal.currency":
        "Kontrakten har en annen valuta enn føringen. Trekk godkjenningen tilbake, og få arbeidet godkjent på den andre kontrakten.",
    "refusal.correction_required":
        "Det ble registrert, men en del er fakturert og forblir det til fakturaen er korrigert. Korriger fakturaen, eller frafall kravet.",
    "refusal.fixed_price_line":
        "Linjen faktureres med milepæler, så godkjenningen gir ingen post. Er linjen feil, må arbeidet godkjennes på den riktige.",
    "refusal.class_not_included":
        "Linjen omfatter ikke denne klassen av arbeid. Skal den det, må du endre hva linjen omfatter, og prøve igjen.",
    "refusal.not_available":
        "Godkjenningen sier at arbeidet ikke faktureres, så den gir ingen post.",

    // poster i restansen
    "refusal.items_refused":
        "Noen av postene kan ikke endres, så ingen ble endret. Utelat dem og prøv igjen.",
    "refusal.nte_failed":
        "Den får ikke plass under en grense som ikke må overskrides. Hev grensen eller tilbakestill en annen post, og evaluer denne på nytt.",
    "refusal.nte_failed.figures":
        "Den får ikke plass under grensen for {level}: Det mangler {shortfall}. Hev grensen eller tilbakestill en annen post, og evaluer denne på nytt.",
    "refusal.item_posted": "Den er postert med en bekreftet faktura.",
    "refusal.item_on_draft":
        "Den er på et fakturautkast. Ta den av utkastet eller slett utkastet først.",
    "refusal.recall_waits":
        "En tilbaketrekking eller korrigering av dette arbeidet venter på den, så den kommer ikke på noe utkast. Se det som er parkert i Mottak.",
    "refusal.already_ready": "Den er allerede klar.",
    "refusal.already_not_ready": "Den er allerede ikke klar.",
    "refusal.already_not_evaluated": "Den er ikke evaluert, så det er ingenting å tilbakestille.",
    "refusal.milestone":
        "Den er en del av en milepæl, og de har ingen grensekontroll. Den kan merkes klar som den er.",
    "refusal.not_chargeable":
        "Den belastes ikke, så ingen grense gjelder. Den kan merkes klar som den er.",
    "refusal.matching_changed":
        "{found} poster passer nå, mens du så {expected}. Ingenting ble endret. Se på listen igjen.",
    "refusal.too_many_items":
        "For mange poster passer for ett steg. Ingenting ble endret. Filtrer på færre, etter dato eller kontrakt.",
    "refusal.not_a_mark": "Her er det ingenting å angre.",
    "refusal.mark_too_old":
        "For mye har skjedd siden til at dette kan angres. Merk postene på nytt.",
    "refusal.changed_since": "Den er endret siden, så den blir som den er.",

    // fakturaer
    "refusal.nothing_ready":
        "Ingen klar post passer, så det ble ikke laget noe utkast. Merk poster klare først, eller se på sluttdatoen og filteret.",
    "refusal.item_not_ready": "Den er ikke klar. Merk den klar først.",
    "refusal.not_selected":
        "Den er klar, men etter sluttdatoen eller for en annen linje eller kunde. Velg en senere dato, eller alle linjer og kunder.",
    "refusal.limit_exceeded":
        "Med denne fakturaen ville det bli fakturert mer enn en grense tillater, så den forblir et utkast. Hev grensen, eller slett utkastet og fakturer mindre.",
    "refusal.limit_exceeded.figures": "Grensen for {level} er {limit}: Det er {shortfall} for mye.",
    "refusal.invoice_confirmed":
        "Fakturaen er bekreftet, så den kan ikke endres eller slettes. Den kan korrigeres.",
    "refusal.detail_not_found":
        "Fakturaen har ikke denne detaljen lenger. Last siden på nytt og se igjen.",
    "refusal.details_refused":
        "Noen av detaljene kan ikke endres slik, så ingen ble endret. Utelat dem eller rett dem.",
    "refusal.field_not_editable":
        "Dette kan ikke endres her: {field}. Skal noe annet faktureres, fjern detaljen og legg til en annen.",
    "refusal.quantity_zero":
        "Antallet kan ikke være 0. Fjern detaljen, eller gjør den gratis eller ikke-belastbar.",
    "refusal.wrong_sign":
        "Fortegnet må være som det var. For en rabatt, legg til en detalj for hånd.",
    "refusal.tax_without_amount":
        "Det er avgift på et beløp på 0, eller med motsatt fortegn. La avgiften stå tom: Da følger den av beløpet.",
    "refusal.negative_quantity":
        "Bare et gebyr kan ha negativt antall. Gi en rabatt klassen gebyr.",
    "refusal.customer_not_on_line":
        "Kunden på fakturaen er ikke på denne kontraktlinjen. Velg en annen linje, eller sett kunden på den først.",
    "refusal.invoice_empty":
        "Utkastet har ingen detaljer, så det er ingenting å bekrefte. Legg poster på det, eller slett det.",
    "refusal.not_approved":
        "Kontrakten krever at fakturaen godkjennes, og det er den ikke, eller den er endret siden. Send den til gjennomgang først.",
    "refusal.invoice_not_confirmed":
        "Bare en bekreftet faktura korrigeres. Denne er et utkast: Rediger det.",
    "refusal.already_corrected": "Dette er korrigert helt. Det som kom tilbake, står i restansen.",
    "refusal.in_correction":
        "Den er på et annet åpent utkast til korrigering. Bekreft eller slett det først.",
    "refusal.detail_superseded": "Den er korrigert før. Korriger den nyere fakturaen i stedet.",
    "refusal.nothing_corrected":
        "Ingenting er annerledes enn det som er fakturert, så det er ingenting å bokføre. Endre det som forblir fakturert, eller slett korrigeringen.",
    "refusal.billing_type_locked":
        "En korrigering beholder faktureringstypen. Skal det faktureres annerledes, krediter alt og lag et nytt utkast av det som kommer tilbake.",
    "refusal.exceeds_original":
        "Av en milepæl kan det ikke forbli fakturert mer enn det var. Skriv et beløp fra 0 til det.",
    "refusal.not_in_review":
        "Ingen har sendt fakturaen til gjennomgang, eller den er endret siden. Send den til gjennomgang først.",
    "refusal.own_work":
        "Kontrakten krever fire øyne, og du har laget eller endret fakturaen, eller det er ukjent hvem som har. La en annen godkjenne den.",
    "refusal.corrective_draft":
        "Utkastet korrigerer en annen faktura, så ikke noe annet kan legges på det. Bruk et annet utkast for kunden.",
    "refusal.other_customer":
        "Den faktureres til en annen kunde enn utkastet. Bruk et utkast for kunden dens.",
    "refusal.other_contract":
        "Den hører til en annen kontrakt enn utkastet. Bruk et utkast for kontrakten dens.",

    // jobber
    "refusal.job_not_found": "Denne jobben finnes ikke.",
    "refusal.job_over": "Jobben er over, så det er ingenting å stoppe. Resultatene blir stående.",
    "refusal.job_too_large": "Dette er for mye for én jobb. Velg færre om gangen.",
    "refusal.too_many_jobs": "For mange jobber pågår. Vent til en er over.",
    "refusal.jobs_stopped":
        "Jobber går ikke videre etter en feil i tjenesten. Si fra til den som drifter tjenesten.",
};

"""Words for a sign-in that came to nothing."""

DA = {
    "openid.again": "Det tog for lang tid, eller siden blev åbnet to gange. Log på igen.",
    "openid.cancelled": "Du blev ikke logget på, fordi det blev afbrudt. Log på igen, når du vil.",
    "openid.groups": "Du er med i så mange grupper, at de ikke kan sendes med, når du logger på. "
    "Bed driften om at bruge app-roller eller at begrænse gruppekravet til tildelte grupper.",
    "openid.not_assigned": "Din konto har ikke adgang til Sagstråd. Bed din leder eller driften om "
    "adgang.",
    "openid.policy": "Organisationens regler for at logge på stoppede dig, for eksempel krav om en "
    "bestemt computer. Spørg driften.",
    "openid.setup": "Portalen er sat forkert op til at logge på. Sig det til driften; loggen "
    "siger, hvad der skal rettes.",
    "openid.token": "Svaret, da du loggede på, kunne ikke godkendes. Log på igen; sig det til "
    "driften, hvis det sker en gang til.",
}

EN = {
    "openid.again": "It took too long, or the page was opened twice. Sign in again.",
    "openid.cancelled": "You were not signed in, because it was cancelled. Sign in when you like.",
    "openid.groups": "You are in so many groups that they cannot be sent along when you sign in. "
    "Ask the operator to use app roles or limit the groups claim to assigned groups.",
    "openid.not_assigned": "Your account has no access to Casethread. Ask your manager or the "
    "operator for it.",
    "openid.policy": "Your organisation's rules for signing in stopped you, such as a certain "
    "computer being required. Ask the operator.",
    "openid.setup": "Signing in is not set up right. Tell the operator; the log says what to mend.",
    "openid.token": "The answer to your sign-in could not be accepted. Sign in again; tell the "
    "operator if it happens once more.",
}

"""Words of what refreshes itself."""

DA = {
    "refresh.again": "Hent igen",
    "refresh.pause": "Hold op med at opdatere",
    "refresh.go_on": "Opdatér af sig selv",
    "refresh.on": "Siden opdaterer sig selv.",
    "refresh.off": "Siden opdaterer sig ikke.",
}

EN = {
    "refresh.again": "Look again",
    "refresh.pause": "Stop updating",
    "refresh.go_on": "Update by itself",
    "refresh.on": "The page updates itself.",
    "refresh.off": "The page does not update itself.",
}

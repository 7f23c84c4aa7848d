//! English plurals and singulars of the last word of a name.
//!
//! Rules over endings with a table of exceptions, chosen so that `singular(plural(word)) == word` for ordinary words.

/// Words that are the same in both numbers, or have only one.
const UNCHANGED: &[&str] = &[
    "advice",
    "aircraft",
    "analytics",
    "aws",
    "baggage",
    "bison",
    "cattle",
    "chaos",
    "chassis",
    "clothing",
    "cms",
    "corps",
    "cosmos",
    "css",
    "data",
    "deer",
    "diabetes",
    "dns",
    "economics",
    "electronics",
    "equipment",
    "ethics",
    "evidence",
    "feedback",
    "fish",
    "furniture",
    "goods",
    "gps",
    "hardware",
    "headquarters",
    "homework",
    "https",
    "info",
    "information",
    "ios",
    "jeans",
    "jewelry",
    "knowledge",
    "kubernetes",
    "kudos",
    "logistics",
    "luggage",
    "machinery",
    "mathematics",
    "means",
    "media",
    "metadata",
    "money",
    "moose",
    "music",
    "news",
    "offspring",
    "os",
    "pants",
    "physics",
    "police",
    "politics",
    "pos",
    "rice",
    "rss",
    "salmon",
    "savings",
    "scissors",
    "series",
    "sheep",
    "shorts",
    "sms",
    "software",
    "spacecraft",
    "species",
    "staff",
    "statistics",
    "stats",
    "swine",
    "sys",
    "telemetry",
    "thanks",
    "tls",
    "traffic",
    "trivia",
    "trousers",
    "trout",
    "tuna",
    "weather",
    "wheat",
];

/// Singular and plural of words that follow no rule.
const IRREGULAR: &[(&str, &str)] = &[
    ("alias", "aliases"),
    ("appendix", "appendices"),
    ("atlas", "atlases"),
    ("axis", "axes"),
    ("bacterium", "bacteria"),
    ("bias", "biases"),
    ("bus", "buses"),
    ("calf", "calves"),
    ("canvas", "canvases"),
    ("child", "children"),
    ("craftsman", "craftsmen"),
    ("crisis", "crises"),
    ("criterion", "criteria"),
    ("curriculum", "curricula"),
    ("die", "dice"),
    ("elf", "elves"),
    ("foot", "feet"),
    ("gas", "gases"),
    ("goose", "geese"),
    ("half", "halves"),
    ("index", "indices"),
    ("iris", "irises"),
    ("knife", "knives"),
    ("leaf", "leaves"),
    ("lens", "lenses"),
    ("life", "lives"),
    ("loaf", "loaves"),
    ("man", "men"),
    ("matrix", "matrices"),
    ("mouse", "mice"),
    ("oasis", "oases"),
    ("ox", "oxen"),
    ("person", "people"),
    ("phenomenon", "phenomena"),
    ("plus", "pluses"),
    ("quiz", "quizzes"),
    ("salesman", "salesmen"),
    ("scarf", "scarves"),
    ("self", "selves"),
    ("shelf", "shelves"),
    ("thief", "thieves"),
    ("tooth", "teeth"),
    ("vertex", "vertices"),
    ("wife", "wives"),
    ("wolf", "wolves"),
    ("woman", "women"),
];

/// Singulars whose plural looks like that of a shorter word: only the last letter goes.
const DROP_S: &[&str] = &[
    "ache",
    "api",
    "avalanche",
    "axe",
    "brownie",
    "cache",
    "calorie",
    "canoe",
    "chi",
    "cli",
    "cookie",
    "cpu",
    "emoji",
    "excuse",
    "foe",
    "fuse",
    "genie",
    "gpu",
    "guru",
    "haiku",
    "headache",
    "hoe",
    "kpi",
    "menu",
    "microfiche",
    "movie",
    "muse",
    "niche",
    "oboe",
    "psyche",
    "rookie",
    "selfie",
    "shoe",
    "ski",
    "sku",
    "taxi",
    "toe",
    "tofu",
    "uri",
    "use",
    "wiki",
    "zombie",
];

/// Plurals in `-o` that take `-es`.
const OES: &[&str] = &["cargo", "echo", "embargo", "hero", "mosquito", "potato", "tomato", "torpedo", "veto"];

/// Endings of a plural, what to cut and what to put instead; the first that fits counts.
const SINGULAR_RULES: &[(&str, usize, &str)] = &[
    ("ss", 0, ""),
    ("us", 0, ""),
    ("is", 0, ""),
    ("sses", 2, ""),
    ("shes", 2, ""),
    ("ches", 2, ""),
    ("xes", 2, ""),
    ("tzes", 2, ""),
    ("yses", 2, "is"),
    ("theses", 2, "is"),
    ("gnoses", 2, "is"),
    ("opses", 2, "is"),
    ("ipses", 2, "is"),
    ("phases", 1, ""),
    ("auses", 1, ""),
    ("ouses", 1, ""),
    ("uses", 2, ""),
    ("oes", 2, ""),
    ("eaus", 1, ""),
    ("s", 1, ""),
];

/// The plural of a snake-case or CamelCase name, by its last word (`blog_post` → `blog_posts`).
#[must_use]
pub fn plural(name: &str) -> String {
    on_last_word(name, plural_word)
}

/// The singular of a snake-case or CamelCase name, by its last word (`film_actors` → `film_actor`).
#[must_use]
pub fn singular(name: &str) -> String {
    on_last_word(name, singular_word)
}

fn plural_word(word: &str) -> String {
    if UNCHANGED.contains(&word) {
        return word.to_owned();
    }
    if let Some((_, plural)) = IRREGULAR.iter().find(|(one, many)| *one == word || *many == word) {
        return (*plural).to_owned();
    }
    let one = singular_word(word);
    if one != word && regular_plural(&one) == word {
        return word.to_owned();
    }
    regular_plural(word)
}

fn regular_plural(word: &str) -> String {
    if let Some(stem) = word.strip_suffix("sis") {
        return format!("{stem}ses");
    }
    if let Some(stem) = word.strip_suffix('y')
        && !stem.is_empty()
        && !stem.ends_with(['a', 'e', 'i', 'o', 'u'])
    {
        return format!("{stem}ies");
    }
    let hisses = ["s", "sh", "ch", "x", "z"].iter().any(|end| word.ends_with(end));
    if hisses || OES.contains(&word) { format!("{word}es") } else { format!("{word}s") }
}

fn singular_word(word: &str) -> String {
    if UNCHANGED.contains(&word) {
        return word.to_owned();
    }
    if let Some((singular, _)) = IRREGULAR.iter().find(|(one, many)| *one == word || *many == word) {
        return (*singular).to_owned();
    }
    if let Some(stem) = word.strip_suffix('s').filter(|stem| DROP_S.contains(stem)) {
        return stem.to_owned();
    }
    if let Some(stem) = word.strip_suffix("ies") {
        return if stem.len() < 2 { word.trim_end_matches('s').to_owned() } else { format!("{stem}y") };
    }
    let rule = SINGULAR_RULES.iter().find(|(ending, ..)| word.ends_with(ending));
    match rule {
        Some((_, cut, put)) if word.len() > cut + 1 => {
            format!("{}{put}", word.get(..word.len() - cut).unwrap_or(word))
        }
        _ => word.to_owned(),
    }
}

/// Applies a rule for lower-case words to the last word of a name and gives it the case it had.
fn on_last_word(name: &str, rule: fn(&str) -> String) -> String {
    let core = name.trim_end_matches('_');
    let (head, word) = core.split_at(last_word_start(core));
    let tail = name.get(core.len()..).unwrap_or("");
    let changed = rule(&word.to_lowercase());
    let shouted = word.chars().count() > 1 && !word.chars().any(char::is_lowercase);
    let changed = if shouted && word.chars().any(char::is_uppercase) {
        changed.to_uppercase()
    } else if word.starts_with(char::is_uppercase) {
        let mut chars = changed.chars();
        chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
    } else {
        changed
    };
    if word.is_empty() { name.to_owned() } else { format!("{head}{changed}{tail}") }
}

fn last_word_start(name: &str) -> usize {
    let mut start = 0;
    let mut before = '_';
    for (at, c) in name.char_indices() {
        if (before == '_' && c != '_') || (c.is_uppercase() && !before.is_uppercase()) {
            start = at;
        }
        before = c;
    }
    start
}

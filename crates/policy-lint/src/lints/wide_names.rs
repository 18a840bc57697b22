//! How much a subject or an issuer leaves open: wildcards and regular expressions of identities.

use regex_syntax::hir::Look;

/// What a name of a keyless identity demands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Demand {
    /// Nothing: any name will do.
    Nothing,
    /// Other people's names will do as well; why.
    Strangers(String),
    /// Names of one owner.
    Own,
}

/// Hosts at which everybody may have an account: the name of the account must stand in the identity.
const SHARED_HOSTS: [&str; 6] = [
    "github.com",
    "gitlab.com",
    "bitbucket.org",
    "circleci.com",
    "agent.buildkite.com",
    "app.terraform.io",
];

/// What a wildcard pattern demands.
pub(crate) fn of_wildcard(pattern: &str) -> Demand {
    if pattern.chars().all(|letter| letter == '*') {
        return Demand::Nothing;
    }
    let fixed = pattern.split(['*', '?']).next().unwrap_or_default();
    if fixed.len() == pattern.len() {
        return Demand::Own;
    }
    if let Some((_, domain)) = pattern.split_once('@').filter(|_| !pattern.contains('/')) {
        let is_open = domain.contains(['*', '?']);
        return if is_open {
            strangers("other domains")
        } else {
            Demand::Own
        };
    }
    of_start(fixed)
}

/// What a regular expression demands.
pub(crate) fn of_regex(pattern: &str) -> Demand {
    let bare = pattern.trim_start_matches('^').trim_end_matches('$');
    let bare = bare
        .strip_prefix('(')
        .and_then(|inner| inner.strip_suffix(')'))
        .unwrap_or(bare);
    if ["", ".*", ".+"].contains(&bare) {
        return Demand::Nothing;
    }
    let (fixed, is_whole) = fixed_start(pattern.trim_start_matches('^'));
    if is_whole || !fixed.starts_with("https://") {
        Demand::Own
    } else {
        of_start(&fixed)
    }
}

/// Whether a regular expression matches inside longer names; how it should end and begin, if so.
///
/// An end that is open behind a `/` leaves nothing to strangers: what precedes it is whole.
pub(crate) fn unanchored(pattern: &str) -> Option<String> {
    let parsed = regex_syntax::parse(pattern).ok()?;
    let properties = parsed.properties();
    let starts = properties.look_set_prefix().contains(Look::Start);
    let ends = properties.look_set_suffix().contains(Look::End)
        || (starts && [".*", ".+", "/"].iter().any(|end| pattern.ends_with(end)));
    if starts && ends || of_regex(pattern) == Demand::Nothing {
        return None;
    }
    let has_choice = pattern.contains('|');
    let inner = pattern
        .strip_prefix('^')
        .filter(|_| !has_choice)
        .unwrap_or(pattern);
    let inner = inner
        .strip_suffix('$')
        .filter(|_| !has_choice && !inner.ends_with("\\$"))
        .unwrap_or(inner);
    Some(if has_choice {
        format!("^({inner})$")
    } else {
        format!("^{inner}$")
    })
}

/// The text at the start of a regular expression that stands for itself, and whether that is all of it.
fn fixed_start(pattern: &str) -> (String, bool) {
    let mut fixed = String::new();
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some(escaped) if !escaped.is_ascii_alphanumeric() => fixed.push(escaped),
                Some(_) | None => return (fixed, false),
            },
            // A dot that is followed by letters is meant as a dot.
            '.' if letters
                .as_str()
                .starts_with(|next: char| next.is_ascii_alphanumeric()) =>
            {
                fixed.push('.')
            }
            '.' | '[' | '(' | '|' => return (fixed, false),
            '*' | '+' | '?' | '{' => {
                fixed.pop();
                return (fixed, false);
            }
            '$' => {}
            _ => fixed.push(letter),
        }
    }
    (fixed, true)
}

/// What an identity demands that starts with `fixed` and goes on freely.
fn of_start(fixed: &str) -> Demand {
    let Some(rest) = fixed.strip_prefix("https://") else {
        let is_cut_scheme = "https://".starts_with(fixed);
        return if is_cut_scheme {
            strangers("other hosts")
        } else {
            Demand::Own
        };
    };
    match rest.split_once('/') {
        None => strangers("other hosts"),
        Some((host, account)) if SHARED_HOSTS.contains(&host) => match account.split_once('/') {
            Some((account, _)) if !account.is_empty() => Demand::Own,
            Some(_) | None => strangers(&format!("other accounts of {host}")),
        },
        Some(_) => Demand::Own,
    }
}

fn strangers(who: &str) -> Demand {
    Demand::Strangers(who.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_before_the_account_stands_for_strangers() {
        for pattern in [
            "https://github.com/*",
            "https://github.com/acme*",
            "https://github.com/*/.github/workflows/release.yml@refs/heads/main",
            "https://*",
            "https://git*",
            "*@*.example.com",
        ] {
            assert!(matches!(of_wildcard(pattern), Demand::Strangers(_)), "{pattern}");
        }
        assert_eq!(of_wildcard("*"), Demand::Nothing);
        for pattern in [
            "https://github.com/acme/*",
            "https://github.com/acme/app/.github/workflows/*@refs/tags/*",
            "*@example.com",
            "https://ci.example.com/*",
            "spiffe://cluster.local/*",
        ] {
            assert_eq!(of_wildcard(pattern), Demand::Own, "{pattern}");
        }
    }

    #[test]
    fn a_regular_expression_that_opens_before_the_account_stands_for_strangers() {
        for pattern in [
            "^https://github.com/.*",
            r"^https://github\.com/[^/]+/app/.*$",
            r"^https://github\.com/acme.*$",
            "https://.*",
        ] {
            assert!(matches!(of_regex(pattern), Demand::Strangers(_)), "{pattern}");
        }
        for pattern in [
            r"^https://github\.com/acme/.+$",
            "^ci@example.com$",
            r"^https://token\.actions\.githubusercontent\.com$",
        ] {
            assert_eq!(of_regex(pattern), Demand::Own, "{pattern}");
        }
        assert_eq!(of_regex(".*"), Demand::Nothing);
        assert_eq!(of_regex("^(.+)$"), Demand::Nothing);
    }

    /// The attack: the identity `https://evil.example/https://github.com/acme/app` contains what the expression names.
    #[test]
    fn an_expression_that_is_open_at_either_end_is_unanchored() {
        for (pattern, instead) in [
            ("https://github.com/acme/app", "^https://github.com/acme/app$"),
            ("^https://github.com/acme/app", "^https://github.com/acme/app$"),
            ("acme@example.com$", "^acme@example.com$"),
            ("^a$|b", "^(^a$|b)$"),
        ] {
            assert_eq!(unanchored(pattern).as_deref(), Some(instead), "{pattern}");
        }
        for pattern in [
            "^https://github.com/acme/.*$",
            "^https://github.com/acme/",
            "^a/.*",
            "^(a|b)$",
            "(^a$|^b$)",
            ".*",
        ] {
            assert_eq!(unanchored(pattern), None, "{pattern}");
        }
    }
}

//! The numbers in `docs/compat.md`: printed from the ledger, so that the page never claims more than a run showed.
//!
//! In: sections and [`Ledger`]. Out: the page with the block between its two marks written anew, or a failure where the
//! block says something else.

use super::ledger::Ledger;
use super::section::Section;
use crate::failure::{Failure, Outcome};
use crate::place;

/// The page, below the root of the project.
const PAGE: &str = "docs/compat.md";
const START: &str = "<!-- ledger: printed from tests/corpus -->\n";
const END: &str = "<!-- end of ledger -->";

/// Writes the block.
pub(super) fn write(sections: &[Section], ledger: &Ledger) -> Outcome {
    let path = place::root().join(PAGE);
    let page = place::read(&path)?;
    place::write(&path, &with_block(&page, &block(sections, ledger))?)
}

/// Fails where the block is not what the ledger holds.
pub(super) fn check(sections: &[Section], ledger: &Ledger) -> Outcome {
    let page = place::read(&place::root().join(PAGE))?;
    if with_block(&page, &block(sections, ledger))? == page {
        return Ok(());
    }
    Err(Failure::Found(format!(
        "the numbers in {PAGE} are not those of tests/corpus: `cargo xtask corpus --record` writes them"
    )))
}

/// The page with `block` between its marks.
fn with_block(page: &str, block: &str) -> Outcome<String> {
    let marked = page.split_once(START).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(END)?;
        Some(format!("{before}{START}{block}{END}{after}"))
    });
    marked.ok_or_else(|| {
        Failure::Found(format!(
            "{PAGE} has no block between `{}` and `{END}`",
            START.trim_end()
        ))
    })
}

fn block(sections: &[Section], ledger: &Ledger) -> String {
    let mut named: Vec<&Section> = sections.iter().collect();
    named.sort_by_key(|section| section.name);
    let rows = named.iter().filter_map(|section| {
        let (passed, total) = ledger.floor(section.name)?;
        let (passed, total) = (with_commas(passed), with_commas(total));
        let what = what(section.name);
        Some(format!("| `{}` | {what} | {passed} | {total} |\n", section.name))
    });
    let rows: String = rows.collect();
    let gaps: String = ledger
        .gaps()
        .map(|(section, case, reason)| format!("- `{section}`, `{case}`: {reason}\n"))
        .collect();
    let gaps = if gaps.is_empty() {
        "No gaps are known.\n".to_owned()
    } else {
        format!("Known gaps:\n\n{gaps}")
    };
    format!("\n| section | what | agree | of |\n|---|---|---|---|\n{rows}\n{gaps}\n")
}

/// What the cases of a section are.
fn what(section: &str) -> &'static str {
    match section {
        "bundles" => "bundles of Sigstore's conformance suite",
        "cel-decisions" => "recorded results of policies in CEL, over resources",
        "cel-suites-cli" => "suites of Kyverno's command line, policies in CEL",
        "cel-suites-policies" => "suites of the community's policies in CEL",
        "cel-verdicts" => "image policies in CEL × images",
        "decisions" => "recorded results of rules, policies over resources",
        "jmespath" => "expressions",
        "suites-cli" => "suites of Kyverno's command line",
        "suites-policies" => "suites of the community's policies",
        "verdicts-keys" => "image policies with keys × images",
        "verdicts-other" => "image policies with certificates, keyless, Notary × images",
        "cel-verdicts-by-tag" | "verdicts-keys-by-tag" | "verdicts-other-by-tag" => {
            "the same, registry without the referrers API"
        }
        _ => "not described in xtask/src/corpus/numbers.rs",
    }
}

/// `37,044`
fn with_commas(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::section::SECTIONS;

    #[test]
    fn the_page_says_what_the_ledger_holds() {
        let ledger = Ledger::read(&place::root().join("tests").join("corpus")).unwrap();
        check(&SECTIONS, &ledger).unwrap();
    }

    #[test]
    fn every_section_is_described() {
        let undescribed = SECTIONS
            .iter()
            .filter(|section| what(section.name).contains("numbers.rs"));
        assert_eq!(undescribed.count(), 0);
    }

    #[test]
    fn only_what_stands_between_the_marks_is_written() {
        let page = format!("before\n{START}old\n{END}\nafter\n");
        assert_eq!(
            with_block(&page, "\nnew\n").unwrap(),
            format!("before\n{START}\nnew\n{END}\nafter\n")
        );
        assert!(with_block("a page without marks", "").is_err());
    }

    #[test]
    fn numbers_are_written_in_groups_of_three_digits() {
        assert_eq!(
            [0, 47, 1_050, 37_044, 1_234_567].map(with_commas),
            ["0", "47", "1,050", "37,044", "1,234,567"]
        );
    }
}

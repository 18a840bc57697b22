//! Go's syntax to the engine's.

mod class;

use crate::error::RegexError;
use std::iter::Peekable;
use std::str::CharIndices;

/// The largest count in `{n,m}`, as in Go.
const MAX_REPEAT: u32 = 1000;

/// The same expression in the engine's syntax.
pub(super) fn translate(pattern: &str) -> Result<String, RegexError> {
    let mut translator = Translator {
        pattern,
        rest: pattern.char_indices().peekable(),
        output: String::with_capacity(pattern.len().saturating_add(16)),
        groups: Vec::new(),
        atom: Atom::None,
    };
    while let Some((at, character)) = translator.rest.next() {
        translator.item(at, character)?;
    }
    match translator.groups.is_empty() {
        true => Ok(translator.output),
        false => Err(RegexError {
            kind: "missing closing )",
            excerpt: pattern.into(),
        }),
    }
}

/// What stands before the next item, for repetitions.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Atom {
    /// Nothing that can be repeated
    None,
    Repeatable,
    /// A repetition that begins there, which may be made lazy but not repeated
    Repetition(usize),
}

struct Translator<'p> {
    pattern: &'p str,
    rest: Peekable<CharIndices<'p>>,
    output: String,
    /// Positions of open parentheses
    groups: Vec<usize>,
    atom: Atom,
}

impl<'p> Translator<'p> {
    fn error(&self, kind: &'static str, start: usize) -> RegexError {
        RegexError {
            kind,
            excerpt: self.excerpt(start).into(),
        }
    }

    /// The pattern from `start` to what has been read.
    fn excerpt(&self, start: usize) -> &'p str {
        let end = self.rest.clone().next().map_or(self.pattern.len(), |(at, _)| at);
        self.pattern.get(start..end).unwrap_or_default()
    }

    fn follows(&mut self, wanted: char) -> bool {
        self.rest.next_if(|(_, character)| *character == wanted).is_some()
    }

    fn literal(&mut self, character: char) {
        self.output
            .push_str(&regex_syntax::escape(character.encode_utf8(&mut [0; 4])));
        self.atom = Atom::Repeatable;
    }

    fn atom(&mut self, text: &str) {
        self.output.push_str(text);
        self.atom = Atom::Repeatable;
    }

    fn item(&mut self, at: usize, character: char) -> Result<(), RegexError> {
        match character {
            '(' => self.open_group(at)?,
            ')' => {
                self.groups.pop().ok_or_else(|| RegexError {
                    kind: "unexpected )",
                    excerpt: self.pattern.into(),
                })?;
                self.atom(")");
            }
            '|' => {
                self.output.push('|');
                self.atom = Atom::None;
            }
            '*' | '+' | '?' => self.repeat(at, &character.to_string())?,
            '{' => match self.counted_repeat(at)? {
                Some(text) => self.repeat(at, &text)?,
                None => self.literal('{'),
            },
            '[' => self.class(at)?,
            '\\' => self.escape(at)?,
            '.' | '^' | '$' => self.atom(character.encode_utf8(&mut [0; 4])),
            other => self.literal(other),
        }
        Ok(())
    }

    fn open_group(&mut self, at: usize) -> Result<(), RegexError> {
        self.groups.push(at);
        self.output.push('(');
        self.atom = Atom::None;
        if !self.follows('?') {
            return Ok(());
        }
        self.output.push('?');
        let named = self.follows('P') || self.rest.peek().is_some_and(|(_, c)| *c == '<');
        if named {
            let name_start = at;
            if !self.follows('<') {
                return Err(self.error("invalid named capture", name_start));
            }
            let mut name = String::new();
            while let Some((_, c)) = self.rest.next_if(|(_, c)| c.is_ascii_alphanumeric() || *c == '_') {
                name.push(c);
            }
            if name.is_empty() || !self.follows('>') {
                self.rest.next();
                return Err(self.error("invalid named capture", name_start));
            }
            // a name may begin with a digit in Go only
            let prefix = if name.starts_with(|c: char| c.is_ascii_digit()) {
                "_"
            } else {
                ""
            };
            self.output.push_str(&format!("P<{prefix}{name}>"));
            return Ok(());
        }
        loop {
            match self.rest.next().map(|(_, c)| c) {
                Some(flag @ ('i' | 'm' | 's' | 'U' | '-')) => self.output.push(flag),
                Some(':') => {
                    self.output.push(':');
                    return Ok(());
                }
                Some(')') => {
                    self.output.push(')');
                    self.groups.pop();
                    return Ok(());
                }
                _ => return Err(self.error("invalid or unsupported Perl syntax", at)),
            }
        }
    }

    fn repeat(&mut self, at: usize, operator: &str) -> Result<(), RegexError> {
        let lazy = self.follows('?');
        match self.atom {
            Atom::None => return Err(self.error("missing argument to repetition operator", at)),
            Atom::Repetition(start) => return Err(self.error("invalid nested repetition operator", start)),
            Atom::Repeatable => {}
        }
        self.output.push_str(operator);
        if lazy {
            self.output.push('?');
        }
        self.atom = Atom::Repetition(at);
        Ok(())
    }

    /// `{n}`, `{n,}` or `{n,m}`; any other brace is a literal one.
    fn counted_repeat(&mut self, at: usize) -> Result<Option<String>, RegexError> {
        let mut ahead = self.rest.clone();
        let mut number = || {
            let mut digits = String::new();
            while let Some((_, digit)) = ahead.next_if(|(_, c)| c.is_ascii_digit()) {
                digits.push(digit);
            }
            let closing = ahead.next().map(|(_, c)| c);
            (digits, closing)
        };
        let (least, mut closing) = number();
        let mut most = None;
        if closing == Some(',') && !least.is_empty() {
            let (digits, after) = number();
            (most, closing) = (Some(digits), after);
        }
        if least.is_empty() || closing != Some('}') {
            return Ok(None);
        }
        self.rest = ahead;
        let bound = |digits: &str| digits.parse::<u32>().unwrap_or(u32::MAX);
        let upper = most.as_deref().filter(|digits| !digits.is_empty()).map(bound);
        if bound(&least) > MAX_REPEAT
            || upper.is_some_and(|upper| upper > MAX_REPEAT || upper < bound(&least))
        {
            return Err(self.error("invalid repeat count", at));
        }
        Ok(Some(self.excerpt(at).to_owned()))
    }

    fn escape(&mut self, at: usize) -> Result<(), RegexError> {
        let Some((_, character)) = self.rest.next() else {
            return Err(RegexError {
                kind: "trailing backslash at end of expression",
                excerpt: "".into(),
            });
        };
        match character {
            'Q' => {
                while let Some((position, c)) = self.rest.next() {
                    if c == '\\' && self.follows('E') {
                        return Ok(());
                    }
                    let _ = position;
                    self.literal(c);
                }
            }
            'A' | 'z' => self.atom(if character == 'A' { r"\A" } else { r"\z" }),
            'b' => self.atom(r"(?-u:\b)"),
            'B' => self.atom(r"(?-u:\B)"),
            _ => {
                let inner = self.escaped_set(at, character)?;
                self.atom(&inner);
            }
        }
        Ok(())
    }

    /// An escape that may also stand in a class: a set of characters, or one.
    fn escaped_set(&mut self, at: usize, character: char) -> Result<String, RegexError> {
        Ok(match character {
            'd' => "[0-9]".to_owned(),
            'D' => "[^0-9]".to_owned(),
            's' => r"[\t\n\f\r ]".to_owned(),
            'S' => r"[^\t\n\f\r ]".to_owned(),
            'w' => "[0-9A-Za-z_]".to_owned(),
            'W' => "[^0-9A-Za-z_]".to_owned(),
            'p' | 'P' => {
                let mut name = String::new();
                if self.follows('{') {
                    while let Some((_, c)) = self.rest.next_if(|(_, c)| *c != '}') {
                        name.push(c);
                    }
                    self.rest.next();
                } else {
                    name.extend(self.rest.next().map(|(_, c)| c));
                }
                let negated = name.starts_with('^') != (character == 'P');
                let name = name.trim_start_matches('^');
                let set = format!("\\{}{{{name}}}", if negated { 'P' } else { 'p' });
                if name.is_empty() || regex_syntax::parse(&set).is_err() {
                    return Err(self.error("invalid character class range", at));
                }
                set
            }
            'x' => self.hexadecimal(at)?,
            'a' => r"\x07".to_owned(),
            'f' | 'n' | 'r' | 't' | 'v' => format!("\\{character}"),
            punctuation if punctuation.is_ascii() && !punctuation.is_ascii_alphanumeric() => {
                format!("\\x{{{:x}}}", u32::from(punctuation))
            }
            _ => return Err(self.error("invalid escape sequence", at)),
        })
    }

    fn hexadecimal(&mut self, at: usize) -> Result<String, RegexError> {
        let braced = self.follows('{');
        let mut digits = String::new();
        while digits.len() < if braced { 8 } else { 2 } {
            let Some((_, digit)) = self.rest.next_if(|(_, c)| c.is_ascii_hexdigit()) else {
                break;
            };
            digits.push(digit);
        }
        let complete = if braced {
            self.follows('}') && !digits.is_empty()
        } else {
            digits.len() == 2
        };
        let scalar = u32::from_str_radix(&digits, 16)
            .ok()
            .and_then(char::from_u32)
            .filter(|_| complete);
        scalar
            .map(|c| format!("\\x{{{:x}}}", u32::from(c)))
            .ok_or_else(|| self.error("invalid escape sequence", at))
    }
}

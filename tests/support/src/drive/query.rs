//! The search language of `files.list`.
//!
//! `name`, `mimeType`, `trashed`, `createdTime`, `modifiedTime`, `parents` and `owners`, with `and`, `or`,
//! `not` and parentheses, as the guide "Search query terms and operators" has them.

use chrono::{DateTime, Utc};

use crate::drive::store::Stored;

/// A search.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Query {
    /// Every file.
    All,
    /// All of these.
    And(Vec<Query>),
    /// Any of these.
    Or(Vec<Query>),
    /// Not this.
    Not(Box<Query>),
    /// `field operator 'value'`.
    Term(String, String, String),
    /// `'value' in field`.
    In(String, String),
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Sign(String),
}

impl Query {
    /// Reads a query; none if it is not one.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let tokens = tokens(text)?;
        if tokens.is_empty() {
            return Some(Self::All);
        }
        let mut parser = Parser { tokens, at: 0 };
        let query = parser.any()?;
        (parser.at == parser.tokens.len() && query.is_known()).then_some(query)
    }

    fn is_known(&self) -> bool {
        match self {
            Self::All => true,
            Self::And(all) | Self::Or(all) => all.iter().all(Self::is_known),
            Self::Not(inner) => inner.is_known(),
            Self::In(_, field) => matches!(field.as_str(), "parents" | "owners"),
            Self::Term(field, operator, value) => match (field.as_str(), operator.as_str()) {
                ("name" | "mimeType", "contains" | "=" | "!=") => true,
                ("trashed", "=" | "!=") => matches!(value.as_str(), "true" | "false"),
                ("createdTime" | "modifiedTime", "=" | "!=" | "<" | "<=" | ">" | ">=") => {
                    time(value).is_some()
                }
                _ => false,
            },
        }
    }

    /// Whether `file` matches; `root` is the id of My Drive.
    pub(crate) fn matches(&self, file: &Stored, root: &str) -> bool {
        match self {
            Self::All => true,
            Self::And(all) => all.iter().all(|query| query.matches(file, root)),
            Self::Or(all) => all.iter().any(|query| query.matches(file, root)),
            Self::Not(inner) => !inner.matches(file, root),
            Self::In(value, field) if field == "parents" => {
                file.mine && file.parent == if value == "root" { root } else { value.as_str() }
            }
            Self::In(value, _) => file.mine == (value == "me"),
            Self::Term(field, operator, value) => term(file, field, operator, value),
        }
    }
}

fn term(file: &Stored, field: &str, operator: &str, value: &str) -> bool {
    let compare = |ordering: std::cmp::Ordering| match operator {
        "=" => ordering.is_eq(),
        "!=" => ordering.is_ne(),
        "<" => ordering.is_lt(),
        "<=" => ordering.is_le(),
        ">" => ordering.is_gt(),
        _ => ordering.is_ge(),
    };
    let moment = |ms: i64| time(value).is_some_and(|at| compare(ms.cmp(&at.timestamp_millis())));
    match (field, operator) {
        ("name", "contains") => has_prefix(&file.name, value),
        ("mimeType", "contains") => file.mime.starts_with(value),
        ("name", _) => compare(file.name.to_lowercase().cmp(&value.to_lowercase())),
        ("mimeType", _) => compare(file.mime.as_str().cmp(value)),
        ("trashed", _) => compare(file.trashed.cmp(&(value == "true"))),
        ("createdTime", _) => moment(file.created_ms),
        _ => moment(file.modified_ms),
    }
}

/// `contains` on names finds words by their beginnings only.
fn has_prefix(name: &str, value: &str) -> bool {
    let (name, value) = (name.to_lowercase(), value.to_lowercase());
    let word_starts = name.match_indices(char::is_whitespace).map(|(at, space)| at + space.len());
    std::iter::once(0).chain(word_starts).any(|at| name[at..].starts_with(&value))
}

fn time(value: &str) -> Option<DateTime<Utc>> {
    let zoned = DateTime::parse_from_rfc3339(value).map(|at| at.with_timezone(&Utc)).ok();
    zoned.or_else(|| Some(value.parse::<chrono::NaiveDateTime>().ok()?.and_utc()))
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut out = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(&c) = rest.peek() {
        if c.is_whitespace() {
            rest.next();
        } else if c == '\'' {
            rest.next();
            let mut value = String::new();
            loop {
                match rest.next()? {
                    '\'' => break,
                    '\\' => value.push(rest.next()?),
                    other => value.push(other),
                }
            }
            out.push(Token::Text(value));
        } else if "()".contains(c) {
            rest.next();
            out.push(Token::Sign(c.to_string()));
        } else if "=!<>".contains(c) {
            let mut sign = String::new();
            while let Some(next) = rest.next_if(|c| "=!<>".contains(*c)) {
                sign.push(next);
            }
            out.push(Token::Sign(sign));
        } else {
            let mut word = String::new();
            while let Some(next) = rest.next_if(|c| c.is_alphanumeric() || "_.".contains(*c)) {
                word.push(next);
            }
            if word.is_empty() {
                return None;
            }
            out.push(Token::Word(word));
        }
    }
    Some(out)
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

impl Parser {
    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned()?;
        self.at += 1;
        Some(token)
    }

    fn take(&mut self, wanted: &str) -> bool {
        let found = match self.tokens.get(self.at) {
            Some(Token::Word(word)) => word.eq_ignore_ascii_case(wanted),
            Some(Token::Sign(sign)) => sign == wanted,
            Some(Token::Text(_)) | None => false,
        };
        self.at += usize::from(found);
        found
    }

    fn any(&mut self) -> Option<Query> {
        let mut all = vec![self.every()?];
        while self.take("or") {
            all.push(self.every()?);
        }
        if all.len() == 1 { all.pop() } else { Some(Query::Or(all)) }
    }

    fn every(&mut self) -> Option<Query> {
        let mut all = vec![self.one()?];
        while self.take("and") {
            all.push(self.one()?);
        }
        if all.len() == 1 { all.pop() } else { Some(Query::And(all)) }
    }

    fn one(&mut self) -> Option<Query> {
        if self.take("not") {
            return Some(Query::Not(Box::new(self.one()?)));
        }
        if self.take("(") {
            let inner = self.any()?;
            return self.take(")").then_some(inner);
        }
        match self.next()? {
            Token::Text(value) if self.take("in") => match self.next()? {
                Token::Word(field) => Some(Query::In(value, field)),
                Token::Text(_) | Token::Sign(_) => None,
            },
            Token::Word(field) => {
                let operator = match self.next()? {
                    Token::Sign(sign) => sign,
                    Token::Word(word) => word.to_lowercase(),
                    Token::Text(_) => return None,
                };
                match self.next()? {
                    Token::Text(value) | Token::Word(value) => Some(Query::Term(field, operator, value)),
                    Token::Sign(_) => None,
                }
            }
            Token::Text(_) | Token::Sign(_) => None,
        }
    }
}

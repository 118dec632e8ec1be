//! The words of a filter's text.

use super::FilterError;

/// One word of a filter's text: a condition, not understood yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word<'a> {
    pub(super) text: &'a str,
    pub(super) column: usize,
    pub(super) excluded: bool,
    /// The text before the colon; `None` for a word without one.
    pub(super) name: Option<String>,
    /// At least one.
    pub(super) values: Vec<Value>,
}

/// A value, and whether it stands in quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Value {
    pub(super) text: String,
    pub(super) quoted: bool,
}

impl Word<'_> {
    /// Returns the text before the colon; empty for a word without one.
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }

    /// Returns the values: those behind the colon, or the word itself if it has none.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        self.values.iter().map(|value| &*value.text)
    }

    /// Returns whether it begins with `-`.
    pub fn is_excluded(&self) -> bool {
        self.excluded
    }

    /// Returns an error at this word. The text says what is wrong and the fix.
    pub fn error(&self, problem: impl Into<String>) -> FilterError {
        FilterError::new(self.column, self.text, problem.into())
    }

    /// The word without a name and quotes, if it is one: `error`.
    pub(super) fn bare(&self) -> Option<&str> {
        match &self.values[..] {
            [value] if self.name.is_none() && !value.quoted => Some(&value.text),
            _ => None,
        }
    }
}

/// The words that are left of a text.
pub(super) struct Words<'a> {
    text: &'a str,
    /// The position in bytes.
    at: usize,
}

impl<'a> Words<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Takes the next character if it is this one.
    fn take(&mut self, char: char) -> bool {
        let found = self.peek() == Some(char);
        self.at += if found { char.len_utf8() } else { 0 };
        found
    }

    /// Takes all characters up to one that ends them.
    fn until(&mut self, ends: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(ends).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    fn error(&self, start: usize, problem: &str) -> FilterError {
        let end = self.text[start..].find(char::is_whitespace).map_or(self.text.len(), |end| start + end);
        FilterError::new(self.column(start), &self.text[start..end.max(self.at)], problem.to_owned())
    }

    fn column(&self, at: usize) -> usize {
        self.text[..at].chars().count() + 1
    }

    fn word(&mut self) -> Result<Word<'a>, FilterError> {
        let start = self.at;
        let excluded = self.take('-');
        if self.peek().is_none_or(char::is_whitespace) {
            return Err(
                self.error(start, "`-` excludes what the word behind it says: leave no space between them")
            );
        }
        let (name, values) =
            if self.peek() == Some('"') { (None, vec![self.value(start)?]) } else { self.named(start)? };
        if self.peek().is_some_and(|next| !next.is_whitespace()) {
            return Err(self.error(start, "a space is missing behind the quotes"));
        }
        let (text, column) = (&self.text[start..self.at], self.column(start));
        Ok(Word { text, column, excluded, name, values })
    }

    /// A name, a colon and values; or a word without a name.
    fn named(&mut self, start: usize) -> Result<(Option<String>, Vec<Value>), FilterError> {
        let first = self.at;
        let mut name = self.until(|char| char.is_whitespace() || matches!(char, ':' | '"')).to_owned();
        if self.peek() == Some('"') && name.ends_with('.') {
            name += &self.value(start)?.text;
        }
        if !self.take(':') {
            self.at = first;
            let text = self.until(char::is_whitespace).to_owned();
            if text.is_empty() || text.contains('"') {
                return Err(self.error(
                    start,
                    "a text with a quote or a space in it stands in quotes, as in `\"say \\\"hi\\\"\"`",
                ));
            }
            return Ok((None, vec![Value { text, quoted: false }]));
        }
        let mut values = vec![self.value(start)?];
        while self.take(',') {
            values.push(self.value(start)?);
        }
        Ok((Some(name), values))
    }

    fn value(&mut self, start: usize) -> Result<Value, FilterError> {
        if self.take('"') {
            return Ok(Value { text: self.quoted(start)?, quoted: true });
        }
        let text = self.until(|char| char.is_whitespace() || matches!(char, ',' | '"')).to_owned();
        if text.is_empty() {
            return Err(self.error(
                start,
                "a value is missing: write one behind the colon and each comma, `\"\"` for an empty one",
            ));
        }
        Ok(Value { text, quoted: false })
    }

    /// The text up to the closing quote.
    fn quoted(&mut self, start: usize) -> Result<String, FilterError> {
        let mut text = String::new();
        loop {
            text += self.until(|char| matches!(char, '"' | '\\'));
            if self.take('"') {
                return Ok(text);
            }
            if !self.take('\\') {
                return Err(self.error(start, "the closing quote is missing"));
            }
            let Some(escaped @ ('"' | '\\')) = self.peek() else {
                return Err(
                    self.error(start, "`\\` stands before a quote or another `\\`: write `\\\\` for one")
                );
            };
            self.at += 1;
            text.push(escaped);
        }
    }
}

impl<'a> Iterator for Words<'a> {
    type Item = Result<Word<'a>, FilterError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.until(|char| !char.is_whitespace());
        self.peek()?;
        let word = self.word();
        if word.is_err() {
            self.at = self.text.len();
        }
        Some(word)
    }
}

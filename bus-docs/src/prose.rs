//! Doc comments in rustdoc's Markdown.

use pulldown_cmark::{BrokenLink, CowStr, Event as Part, HeadingLevel, Options, Parser, Tag, TagEnd, html};

use crate::model::Catalog;
use crate::output::file_name;

/// Renders HTML. Names of events in brackets become links to their pages; pictures and raw HTML are
/// shown as text, so that the page loads and runs nothing.
pub(crate) fn html(docs: &str, catalog: &Catalog) -> String {
    let mut link = |broken: BrokenLink<'_>| {
        let name = broken.reference.trim_matches('`').rsplit("::").next().unwrap_or_default().to_owned();
        let found = catalog.events.iter().find(|event| event.name == name || event.kind == name)?;
        Some((CowStr::from(href(&found.kind)), CowStr::from("")))
    };
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let parts = Parser::new_with_broken_link_callback(docs, options, Some(&mut link)).filter_map(harmless);
    let mut out = String::new();
    html::push_html(&mut out, parts);
    out
}

fn harmless(part: Part<'_>) -> Option<Part<'_>> {
    Some(match part {
        Part::Html(text) | Part::InlineHtml(text) => Part::Text(text),
        Part::Start(Tag::Image { .. }) | Part::End(TagEnd::Image) => return None,
        // The page has its own headings above.
        Part::Start(Tag::Heading { id, classes, attrs, .. }) => {
            Part::Start(Tag::Heading { level: HeadingLevel::H3, id, classes, attrs })
        }
        Part::End(TagEnd::Heading(_)) => Part::End(TagEnd::Heading(HeadingLevel::H3)),
        Part::Start(Tag::Link { ref dest_url, .. }) if !is_address(dest_url) => Part::Start(Tag::Emphasis),
        other => other,
    })
}

/// Whether a link target is safe: a page of the site, or a web address.
fn is_address(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://") || !url.contains(':')
}

/// The first paragraph as plain text, for lists.
pub(crate) fn summary(docs: &str) -> String {
    let mut out = String::new();
    // Every name in brackets is parsed as a link, and only its text is kept.
    let mut link = |_: BrokenLink<'_>| Some((CowStr::from(""), CowStr::from("")));
    for part in Parser::new_with_broken_link_callback(docs, Options::empty(), Some(&mut link)) {
        match part {
            Part::Text(text) | Part::Code(text) => out.push_str(&text),
            Part::SoftBreak | Part::HardBreak => out.push(' '),
            Part::End(TagEnd::Paragraph) => break,
            _ => {}
        }
    }
    out
}

/// The page of a kind. No kind has the file name of the index or of the types.
pub(crate) fn href(kind: &str) -> String {
    match file_name(kind) {
        name if name == "index" || name == "types" => format!("~{name}.html"),
        name => format!("{name}.html"),
    }
}

/// Text that is safe in HTML, also inside of an attribute.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Event;

    fn shown(docs: &str) -> String {
        html(docs, &Catalog::of("Agent events", bus_agent::AgentEvents::EVENTS))
    }

    use bus_core::AgentEvent as _;

    #[test]
    fn names_of_events_become_links() {
        assert_eq!(
            shown("Ends with [`ToolCallCompleted`]."),
            "<p>Ends with <a href=\"tool_call_completed.html\"><code>ToolCallCompleted</code></a>.</p>\n"
        );
        assert_eq!(shown("See [`Elsewhere`]."), "<p>See [<code>Elsewhere</code>].</p>\n");
        let event = Event { kind: "index".to_owned(), name: "Index".to_owned(), ..Event::default() };
        let catalog = Catalog { events: vec![event], ..Catalog::of("", []) };
        assert!(
            html("[`Index`]", &catalog).contains("\"~index.html\""),
            "index.html is the index of the site"
        );
    }

    #[test]
    fn nothing_is_loaded_and_nothing_runs() {
        let page = shown("<script>x()</script> ![alt](https://example.org/a.png) [a](javascript:x)");
        assert!(!page.contains("<script") && !page.contains("<img") && !page.contains("href"), "{page}");
    }

    #[test]
    fn a_summary_is_the_first_paragraph() {
        assert_eq!(summary("A [`Target`]\nbegan.\n\nMore."), "A Target began.");
    }
}

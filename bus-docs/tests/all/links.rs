//! The pages of hard types: each link has a target.

use bus_docs::{Catalog, Format};

use crate::hard;

/// The anchor of a heading, as code hosts make it.
fn slug(heading: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || ['-', '_', ' '].contains(c);
    heading.to_lowercase().chars().filter(kept).collect::<String>().replace(' ', "-")
}

/// Types had no place on the page.
#[test]
fn every_link_of_the_markdown_page_has_a_heading() {
    let catalog = Catalog::of("Hard types", &hard::events());
    let page = Format::named("markdown").unwrap().render(&catalog)["events.md"].clone();
    let headings: Vec<String> = page
        .lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| slug(line.trim_matches(['#', ' '])))
        .collect();
    for name in catalog.types.keys() {
        assert!(headings.contains(&slug(&format!("Type `{name}`"))), "{name}");
    }
    let links: Vec<&str> = page.split("](#").skip(1).map(|rest| rest.split_once(')').unwrap().0).collect();
    assert!(links.contains(&"type-level") && links.contains(&"hardlevels") && links.contains(&"envelope"));
    let dead: Vec<&&str> =
        links.iter().filter(|link| headings.iter().filter(|h| h == *link).count() != 1).collect();
    assert!(dead.is_empty(), "{dead:?}");
}

/// The values of an enum and the members of a struct stood nowhere.
#[test]
fn every_link_of_the_site_has_a_target() {
    let catalog = Catalog::of("Hard types", &hard::events());
    let site = Format::named("html").unwrap().render(&catalog);
    let types = &site["html/types.html"];
    for part in ["&quot;very-low&quot;", "<code class=\"name\">last-name</code>", "id=\"envelope\""] {
        assert!(types.contains(part), "missing: {part}");
    }
    let mut links = 0;
    for (path, page) in site.iter().filter(|(_, text)| text.starts_with("<!doctype html>")) {
        for link in page.split(" href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            let (file, place) = link.split_once('#').unwrap_or((link, ""));
            let Some(target) = site.get(&format!("html/{file}")).or_else(|| file.is_empty().then_some(page))
            else {
                assert!(link.starts_with("../") || link.starts_with("data:"), "{path}: {link}");
                continue;
            };
            assert!(place.is_empty() || target.contains(&format!(" id=\"{place}\"")), "{path}: {link}");
            links += 1;
        }
    }
    assert!(links > 3 * catalog.events.len(), "{links}");
}

//! The layers of bus-core, of its delivery core and of bus-docs: each module uses only the layers
//! below its own, so that it can be read without those above. An exception is named here with its
//! reason; it makes a cycle of modules, so there are as few as the core can do with.

use super::Report;
use super::paths::{self, Segments};

/// A folder whose modules lie in layers. Its root file, `lib.rs` or `mod.rs`, is above all of them.
struct Stack {
    folder: &'static str,
    /// The module of the folder, below the root of the crate.
    module: &'static [&'static str],
    /// From the bottom up. A new module is named here, with its layer.
    layers: &'static [&'static [&'static str]],
    /// The modules that others below them use all the same, with the reason. No other may.
    exceptions: &'static [(&'static str, &'static [&'static str], &'static str)],
}

const STACKS: &[Stack] = &[
    Stack {
        folder: "bus-docs/src/",
        module: &[],
        layers: &[
            &["model"],
            &["output", "pretty", "snippet"],
            &["prose", "types"],
            &["envelope", "words"],
            &["compare", "coverage", "json_schema"],
            &["asyncapi", "html", "markdown", "python", "typescript"],
            &["format"],
            &["command"],
        ],
        exceptions: &[],
    },
    Stack {
        folder: "bus-core/src/",
        module: &[],
        layers: &[
            &["excerpt", "sync", "clock"],
            &["json", "time"],
            &["payload", "scope"],
            &["error"],
            &["event", "registry"],
            &["lagged", "since"],
            &["filter"],
            &["store"],
            &["delivery"],
            &["bus"],
            &["wire"],
            &["emit", "subscribe", "history", "stats", "execution"],
            &["testing"],
        ],
        exceptions: &[],
    },
    Stack {
        folder: "bus-core/src/delivery/",
        module: &["delivery"],
        layers: &[
            &["overflow", "panic", "retain", "settings", "slab"],
            &["context", "gaps", "record", "routes"],
            &["answers", "outcome"],
            &["batch"],
            &["subscription"],
            &["receipt"],
            &["recorded"],
            &["pending"],
            &["intercept", "observe", "queue"],
            &["effects", "permits"],
            &["group"],
            &["ring"],
            &["state"],
            &["core"],
            &["deadlock", "names", "position", "prepare", "slow"],
            &["streams", "task"],
            &["blocking", "membership", "workers"],
            &["accounts", "run"],
            &["catch_up", "writer"],
            &["publish"],
        ],
        exceptions: &[
            (
                "core",
                &["context", "effects", "observe", "pending", "recorded"],
                "each names the bus that it belongs to",
            ),
            (
                "group",
                &["effects", "subscription"],
                "an effect drops a closure; a subscription names its group",
            ),
            ("ring", &["effects", "subscription"], "an effect drops segments; a subscription names its ring"),
            (
                "task",
                &["group", "permits", "state"],
                "an idle group has the task of its handler; a permit is owed to one; the state lists those that may be late",
            ),
            (
                "catch_up",
                &["effects", "record", "subscription"],
                "a subscription has its place in the past; an effect starts the next look, also when the store has settled",
            ),
            ("deadlock", &["state"], "the state owns the graph"),
            ("context", &["panic"], "a payload of a panic is dropped in a frame"),
            (
                "run",
                &["core", "task", "workers"],
                "the outermost frame, a task and a worker go on with what is queued",
            ),
            ("publish", &["run"], "an event that has been queued is claimed like a new one"),
        ],
    },
];

/// An item that the root of a folder re-exports does not show its layer.
const NO_LAYER: &str = "name the module that it comes from, or add its layer to xtask/src/lint/layers.rs";

/// A module uses only modules of the layers below its own. Every path into the crate counts, in a
/// `use` or anywhere else, outside of tests.
pub(super) fn check(path: &str, text: &str, report: &mut Report) {
    for stack in STACKS {
        check_stack(stack, path, text, report);
    }
}

fn check_stack(stack: &Stack, path: &str, text: &str, report: &mut Report) {
    let Some(own) = stack.module_of(path) else { return };
    let Some(layer) = stack.layer_of(own) else {
        let text = format!("module `{own}` has no layer: name it in xtask/src/lint/layers.rs");
        report.add(path, 0, text);
        return;
    };
    let Some((_, below_src)) = path.split_once("/src/") else { return };
    for used in paths::used(&paths::module(below_src), text) {
        let Some(name) = stack.names(&used).filter(|name| *name != own) else { continue };
        if let Some(found) = stack.wrong_use(own, layer, name) {
            report.add(path, line_of(text, name), found);
        }
    }
}

impl Stack {
    /// The module of the stack that a file belongs to. The root is above all layers; tests are
    /// beside them.
    fn module_of<'a>(&self, path: &'a str) -> Option<&'a str> {
        let inside = path.strip_prefix(self.folder)?;
        let is_test = inside == "tests.rs" || inside.ends_with("/tests.rs") || inside.contains("/tests/");
        if is_test || inside == "lib.rs" || inside == "mod.rs" {
            return None;
        }
        inside.split('/').next().map(|first| first.trim_end_matches(".rs"))
    }

    /// The module or item of the stack's root that a path goes through, if it goes there.
    fn names<'a>(&self, used: &'a Segments) -> Option<&'a str> {
        let inside =
            used.strip_prefix(self.module.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>().as_slice())?;
        inside.first().map(String::as_str)
    }

    fn layer_of(&self, module: &str) -> Option<usize> {
        self.layers.iter().position(|modules| modules.contains(&module))
    }

    fn is_exception(&self, own: &str, name: &str) -> bool {
        self.exceptions.iter().any(|(used, users, _)| *used == name && users.contains(&own))
    }

    fn wrong_use(&self, own: &str, layer: usize, name: &str) -> Option<String> {
        match self.layer_of(name) {
            Some(theirs) if theirs < layer || self.is_exception(own, name) => None,
            Some(theirs) if theirs == layer => {
                Some(format!("`{own}` uses `{name}`, which stands beside it in its layer"))
            }
            Some(_) => Some(format!("`{own}` uses `{name}`, which stands above it")),
            None => {
                let root = [&["crate"], self.module].concat().join("::");
                Some(format!("`{root}::{name}` has no layer: {NO_LAYER}"))
            }
        }
    }
}

/// The line that uses the name: the first that has it after `crate::` or `super::`, or the first of
/// a `use` that has it at all.
fn line_of(text: &str, name: &str) -> usize {
    let find = |part: String| text.lines().position(|line| line.contains(&part)).map(|index| index + 1);
    find(format!("crate::{name}"))
        .or_else(|| find(format!("super::{name}")))
        .or_else(|| find(format!("{name}::")))
        .or_else(|| find(name.to_owned()))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        super::super::found(check, path, text)
    }

    #[test]
    fn lower_layers_may_be_used() {
        let text =
            "//! A.\nuse crate::event::Event;\nuse crate::bus::EventBus;\nfn f() { crate::object!{} }\n";
        assert!(found("bus-core/src/emit/mod.rs", text).is_empty());
    }

    #[test]
    fn uses_of_layers_above_are_found_with_their_line() {
        let text = "//! A.\nuse std::fmt;\nuse crate::bus::EventBus;\n";
        assert_eq!(found("bus-core/src/event/id.rs", text), ["3: `event` uses `bus`, which stands above it"]);
    }

    #[test]
    fn paths_in_bodies_and_in_braces_count() {
        let text = "//! A.\nfn f() { g(|| crate::history::h()) }\n";
        assert_eq!(
            found("bus-core/src/bus/mod.rs", text),
            ["2: `bus` uses `history`, which stands above it"]
        );
        let text = "//! A.\nuse crate::{\n    event::Event,\n    history::{Ring, Query},\n};\n";
        assert_eq!(
            found("bus-core/src/bus/mod.rs", text),
            ["4: `bus` uses `history`, which stands above it"]
        );
    }

    #[test]
    fn neighbours_and_names_of_the_root_are_found() {
        let text = "//! A.\nuse crate::registry::Catalogue;\nuse crate::EventBus;\n";
        let expected = [
            "2: `event` uses `registry`, which stands beside it in its layer",
            "3: `crate::EventBus` has no layer: name the module that it comes from, or add its layer to xtask/src/lint/layers.rs",
        ];
        assert_eq!(found("bus-core/src/event/mod.rs", text), expected);
    }

    #[test]
    fn delivery_has_layers_of_its_own() {
        let run = "//! A.\nuse super::state::State;\nuse super::group::{Group, members::Members};\n";
        assert!(found("bus-core/src/delivery/run.rs", run).is_empty());
        assert!(found("bus-core/src/delivery/publish/mod.rs", run).is_empty());
        let inside = "//! A.\nuse super::members::Members;\nuse super::super::queue::Queue;\n";
        assert!(found("bus-core/src/delivery/group/totals.rs", inside).is_empty());
    }

    #[test]
    fn uses_upwards_inside_of_delivery_are_found() {
        let text =
            "//! A.\nuse super::group::Group;\nuse crate::delivery::state::State;\nuse super::Delivery;\n";
        let expected = [
            "2: `queue` uses `group`, which stands above it",
            "3: `queue` uses `state`, which stands above it",
            "4: `crate::delivery::Delivery` has no layer: name the module that it comes from, or add its layer to xtask/src/lint/layers.rs",
        ];
        assert_eq!(found("bus-core/src/delivery/queue/mod.rs", text).len(), 3);
        assert_eq!(found("bus-core/src/delivery/queue.rs", text), expected);
        let beside = "//! A.\nuse super::super::queue::Queue;\n";
        let expected = ["2: `observe` uses `queue`, which stands beside it in its layer"];
        assert_eq!(found("bus-core/src/delivery/observe/clock.rs", beside), expected);
    }

    #[test]
    fn bus_docs_has_layers_too() {
        let text = "//! A.\nuse crate::model::Catalog;\nuse crate::html::page;\nuse crate::Catalog;\n";
        let expected = [
            "3: `words` uses `html`, which stands above it",
            "4: `crate::Catalog` has no layer: name the module that it comes from, or add its layer to xtask/src/lint/layers.rs",
        ];
        assert_eq!(found("bus-docs/src/words.rs", text), expected);
    }

    #[test]
    fn an_exception_is_for_the_modules_that_it_names() {
        let text = "//! A.\nuse super::task::Handler;\n";
        assert!(found("bus-core/src/delivery/group.rs", text).is_empty());
        let expected = ["2: `ring` uses `task`, which stands above it"];
        assert_eq!(found("bus-core/src/delivery/ring.rs", text), expected);
    }

    #[test]
    fn delivery_keeps_the_layers_of_the_crate_too() {
        let text = "//! A.\nuse crate::bus::EventBus;\n";
        let expected = ["2: `delivery` uses `bus`, which stands above it"];
        assert_eq!(found("bus-core/src/delivery/run.rs", text), expected);
        assert_eq!(found("bus-core/src/delivery/mod.rs", text), expected);
    }

    #[test]
    fn tests_may_use_any_module() {
        let text = "//! A.\n#[cfg(test)]\nmod tests { use crate::bus::EventBus; }\n";
        assert!(found("bus-core/src/event/mod.rs", text).is_empty());
        assert!(found("bus-core/src/event/tests.rs", "//! A.\nuse crate::bus::EventBus;\n").is_empty());
        assert!(found("bus-core/tests/order.rs", "//! A.\nuse crate::bus::EventBus;\n").is_empty());
    }

    #[test]
    fn a_module_without_a_layer_is_found() {
        assert_eq!(found("bus-core/src/magic.rs", "//! A.\n").len(), 1);
        assert_eq!(found("bus-core/src/delivery/magic.rs", "//! A.\n").len(), 1);
    }
}

//! Typed replies: handlers answer an event, and its emitter gets the answers or the reason why
//! there is none.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use bus_core::{AgentEvent, BoxError, Event, EventBus, Outcome, Refused, ReplyError};
use common::{Notes, threaded, trial};
use tokio::sync::{Notify, Semaphore};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Decision {
    Allow,
    Deny,
}

#[derive(AgentEvent)]
enum Gates {
    #[event(reply = Decision)]
    ToolRequested { tool: String, reason: Option<String> },
    #[event(reply = Result<Vec<u8>, String>)]
    PageRequested { url: String },
    #[event(reply = Arc<u8>, requires(node))]
    TokenAsked,
}

fn named<R: Clone>(replies: &bus_core::Replies<R>) -> Vec<(String, R)> {
    replies.iter().map(|reply| (reply.name().to_owned(), (**reply).clone())).collect()
}

fn names(problems: &[bus_core::Problem]) -> Vec<(&str, &Outcome)> {
    problems.iter().map(|problem| (problem.name(), problem.outcome())).collect()
}

async fn allow(_: Event<ToolRequested>) -> Decision {
    Decision::Allow
}

#[test]
fn each_answer_comes_with_the_name_of_its_handler_in_the_order_of_answering() {
    trial().run(async |bus, _| {
        let released = Arc::new(Notify::new());
        let wait = Arc::clone(&released);
        let _slow = bus.subscribe::<ToolRequested>().name("slow").reply(move |_| {
            let wait = Arc::clone(&wait);
            async move {
                wait.notified().await;
                Decision::Deny
            }
        });
        let _sync = bus
            .subscribe::<ToolRequested>()
            .name("sync")
            .reply_sync(|event| if event.reason.is_some() { Decision::Allow } else { Decision::Deny });
        let _path = bus.subscribe::<ToolRequested>().reply(allow);
        let _plain = bus.subscribe::<ToolRequested>().handle(move |_| {
            released.notify_one();
            std::future::ready(())
        });
        let replies =
            bus.stream("desk").emit_tool_requested("rm").reason("to clean up").replies().await.unwrap();
        let expected =
            [("sync", Decision::Allow), ("replies::allow", Decision::Allow), ("slow", Decision::Deny)];
        assert_eq!(named(&replies), expected.map(|(name, decision)| (name.to_owned(), decision)));
        assert_eq!(replies.receipt().handled(), 4);
    });
}

#[test]
fn a_handler_that_answers_gets_its_state_with_each_event() {
    trial().run(async |bus, _| {
        let asked = Notes::<String>::new();
        let gate = async |(asked, limit): (Notes<String>, usize), event: Event<ToolRequested>| {
            asked.add(event.tool.as_str());
            if asked.all().len() > limit { Decision::Deny } else { Decision::Allow }
        };
        let _gate = bus.subscribe::<ToolRequested>().name("gate").with((asked.clone(), 1)).reply(gate);
        let mut before = 0;
        let count = move |asked: Notes<String>, _: &Event<ToolRequested>| {
            before += 1;
            if asked.all().len() < before {
                Ok(Decision::Allow)
            } else {
                Err(BoxError::from("was asked first"))
            }
        };
        let _first = bus.subscribe::<ToolRequested>().name("first").with(asked.clone()).reply_sync(count);
        for (tool, decision) in [("ls", Decision::Allow), ("rm", Decision::Deny)] {
            let replies = bus.stream("desk").emit_tool_requested(tool).replies().await.unwrap();
            let expected = [("first", Decision::Allow), ("gate", decision)];
            assert_eq!(named(&replies), expected.map(|(name, decision)| (name.to_owned(), decision)));
        }
        assert_eq!(asked.all(), ["ls", "rm"]);
        bus.close(Duration::ZERO).await;
        let unanswered = bus.subscribe::<ToolRequested>().with(()).try_reply_sync(|(), _| Decision::Deny);
        assert_eq!(unanswered.unwrap_err(), bus_core::SubscribeError::Closed);
    });
}

#[test]
fn filters_and_scope_select_who_is_asked() {
    trial().run(async |bus, _| {
        let ask = |answer: u8| move |_: &Event<TokenAsked>| Arc::new(answer);
        let _a = bus.subscribe::<TokenAsked>().node("a").reply_sync(ask(1));
        let _b = bus.subscribe::<TokenAsked>().node("b").reply_sync(ask(2));
        let odd = |event: &Event<TokenAsked>| event.correlation() == Some("odd");
        let _c = bus.subscribe::<TokenAsked>().filter(odd).reply_sync(ask(3));
        let desk = bus.stream("desk");
        let of = async |emit: bus_core::Emit<TokenAsked>| {
            let replies = emit.replies().await.unwrap();
            replies.into_iter().map(|reply| *reply.into_inner()).collect::<Vec<_>>()
        };
        assert_eq!(of(desk.node("a").emit_token_asked()).await, [1]);
        assert_eq!(of(desk.node("b").correlation("odd").emit_token_asked()).await, [2, 3]);
        let nobody = desk.node("c").emit_token_asked().first_reply().await.unwrap_err();
        assert!(matches!(nobody, ReplyError::NoHandler { kind: "token_asked", reached: 0 }), "{nobody:?}");
    });
}

#[test]
fn the_answer_may_be_a_result_and_an_error_is_a_failure() {
    trial().run(async |bus, _| {
        let fetch = async |event: Event<PageRequested>| -> Result<Result<Vec<u8>, String>, BoxError> {
            match event.url.as_str() {
                "broken" => Err("no network".into()),
                "missing" => Ok(Err("404".to_owned())),
                url => Ok(Ok(url.as_bytes().to_vec())),
            }
        };
        let _fetch = bus.subscribe::<PageRequested>().name("fetch").reply(fetch);
        let desk = bus.stream("desk");
        assert_eq!(*desk.emit_page_requested("a").first_reply().await.unwrap(), Ok(b"a".to_vec()));
        assert_eq!(*desk.emit_page_requested("missing").first_reply().await.unwrap(), Err("404".to_owned()));
        let error = desk.emit_page_requested("broken").first_reply().await.unwrap_err();
        assert_eq!(error.to_string(), "no handler answered: `fetch` failed: no network");
    });
}

#[test]
fn no_answer_is_an_error_that_says_what_happened() {
    trial().paused().run(async |bus, _| {
        let desk = bus.stream("desk");
        let plain = bus.subscribe::<ToolRequested>().handle_sync(|_| Err::<(), BoxError>("full disk".into()));
        let error = desk.emit_tool_requested("a").replies().await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "no handler that answers `tool_requested` is subscribed in this scope (1 others got it): \
             subscribe one with `.reply(..)`"
        );
        drop(plain);

        let _panics = bus.subscribe::<ToolRequested>().name("panics").reply_sync(|event| {
            assert!(event.tool != "a", "on purpose");
            Decision::Allow
        });
        let slow = bus.subscribe::<ToolRequested>().name("slow").timeout(Duration::from_secs(1));
        let _slow = slow.reply(async |_| std::future::pending::<Decision>().await);
        let error = desk.emit_tool_requested("a").replies().await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "no handler answered: `panics` panicked: on purpose; `slow` took longer than its timeout"
        );
        let replies = desk.emit_tool_requested("b").replies().await.unwrap();
        assert_eq!(named(&replies), [("panics".to_owned(), Decision::Allow)]);
        assert_eq!(names(replies.receipt().problems()), [("slow", &Outcome::TimedOut)]);
    });
}

#[test]
fn a_wait_that_is_over_names_who_has_not_answered() {
    trial().paused().run(async |bus, _| {
        let _quick = bus.subscribe::<ToolRequested>().name("quick").reply(allow);
        let _never = bus
            .subscribe::<ToolRequested>()
            .name("never")
            .reply(async |_| std::future::pending::<Decision>().await);
        let desk = bus.stream("desk");
        for limit in [Duration::ZERO, Duration::from_secs(1)] {
            let error = desk.emit_tool_requested("a").replies().timeout(limit).await.unwrap_err();
            assert_eq!(error.to_string(), "no answer in time from `never`: wait longer, or answer sooner");
        }
        let first = desk.emit_tool_requested("a").first_reply().timeout(Duration::ZERO).await.unwrap();
        assert_eq!((first.name(), *first), ("quick", Decision::Allow));
    });
}

#[test]
fn the_first_answer_does_not_wait_for_the_others() {
    trial().run(async |bus, _| {
        let (go, done) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (wait, tell) = (Arc::clone(&go), Arc::clone(&done));
        let _slow = bus.subscribe::<ToolRequested>().name("slow").reply(move |_| {
            let (wait, tell) = (Arc::clone(&wait), Arc::clone(&tell));
            async move {
                wait.notified().await;
                tell.notify_one();
                Decision::Deny
            }
        });
        let _soon = bus.subscribe::<ToolRequested>().name("soon").reply(async |_| {
            tokio::task::yield_now().await;
            Decision::Allow
        });
        let first = bus.stream("desk").emit_tool_requested("a").first_reply().await.unwrap();
        assert_eq!((first.name(), *first), ("soon", Decision::Allow));
        go.notify_one();
        done.notified().await;
    });
}

#[test]
fn a_handler_may_ask_others_and_an_answer_only_from_itself_is_an_error() {
    trial().run(async |bus, _| {
        let errors = Notes::<String>::new();
        let (desk, notes) = (bus.stream("desk"), errors.clone());
        let _gate =
            bus.subscribe::<ToolRequested>().name("gate").reply(move |event: Event<ToolRequested>| {
                let (desk, notes) = (desk.clone(), notes.clone());
                async move {
                    if event.tool == "again" {
                        return Decision::Deny;
                    }
                    let page = desk.emit_page_requested("policy").first_reply().await.unwrap();
                    let own = desk.emit_tool_requested("again").first_reply().await;
                    notes.add(own.unwrap_err().to_string());
                    if page.is_ok() { Decision::Allow } else { Decision::Deny }
                }
            });
        let _fetch = bus.subscribe::<PageRequested>().reply(async |_| Ok::<Vec<u8>, String>(Vec::new()));
        let first = bus.stream("desk").emit_tool_requested("a").first_reply().await.unwrap();
        assert_eq!(*first, Decision::Allow);
        assert_eq!(
            errors.all(),
            ["no answer can come before the handler that asks has ended (1 deliveries were deferred): \
              ask from a task of its own"]
        );
    });
}

#[test]
fn a_closed_bus_and_an_ended_subscription_are_named() {
    trial().run(async |bus, _| {
        let begun = Arc::new(Notify::new());
        let tell = Arc::clone(&begun);
        let busy = bus.subscribe::<ToolRequested>().name("busy").reply(move |_| {
            tell.notify_one();
            std::future::pending::<Decision>()
        });
        let desk = bus.stream("desk");
        let at_work = tokio::spawn(desk.emit_tool_requested("a").first_reply());
        begun.notified().await;
        let queued = tokio::spawn(desk.emit_tool_requested("b").first_reply());
        tokio::task::yield_now().await;
        drop(busy);
        let error = queued.await.unwrap().unwrap_err();
        assert_eq!(error.to_string(), "no handler answered: `busy` ended before it answered");
        at_work.abort();

        let report = bus.close(Duration::ZERO).await;
        assert!(!report.is_drained());
        let error = desk.emit_tool_requested("c").replies().await.unwrap_err();
        assert!(matches!(error, ReplyError::Refused(Refused::Closed)), "{error:?}");
        for late in [
            bus.subscribe::<ToolRequested>().reply(allow),
            bus.subscribe::<ToolRequested>().reply_sync(|_| Decision::Deny),
        ] {
            assert!(!bus.unsubscribe(late.id()), "it has ended already");
        }
    });
}

#[test]
fn an_answer_that_nobody_waits_for_is_dropped() {
    trial().run(async |bus, _| {
        let answer = Arc::new(7);
        let given = Arc::clone(&answer);
        let _gate = bus.subscribe::<TokenAsked>().reply_sync(move |_| Arc::clone(&given));
        let node = bus.stream("desk").node("n");
        assert_eq!(node.emit_token_asked().await.handled(), 1);
        assert_eq!(node.emit_token_asked().send().receipt().handled(), 1);
        bus.republish(bus.history().limit(1).collect().remove(0)).await;
        drop(node.emit_token_asked().replies().await.unwrap());
        drop(node.emit_token_asked().first_reply().await.unwrap());
        assert_eq!(bus.history().collect().len(), 5);
        assert_eq!(Arc::strong_count(&answer), 2, "history holds no answer");
    });
}

#[test]
fn answers_behind_the_first_and_after_the_wait_are_dropped() {
    trial().run(async |bus, _| {
        let (answer, go) = (Arc::new(7), Arc::new(Semaphore::new(0)));
        let [first, second, third] = [0; 3].map(|_| Arc::clone(&answer));
        let _first = bus.subscribe::<TokenAsked>().reply_sync(move |_| Arc::clone(&first));
        let _second = bus.subscribe::<TokenAsked>().reply_sync(move |_| Arc::clone(&second));
        let wait = Arc::clone(&go);
        let _late = bus.subscribe::<TokenAsked>().name("late").reply(move |_| {
            let (wait, third) = (Arc::clone(&wait), Arc::clone(&third));
            async move {
                wait.acquire().await.unwrap().forget();
                third
            }
        });
        let node = bus.stream("desk").node("n");
        drop(node.emit_token_asked().first_reply().await.unwrap());
        let over = node.emit_token_asked().replies().timeout(Duration::ZERO).await;
        assert!(matches!(over, Err(ReplyError::TimedOut { .. })), "{over:?}");
        go.add_permits(2);
        assert!(bus.close(Duration::from_mins(2)).await.is_drained());
        assert_eq!(bus.history().collect().len(), 2);
        assert_eq!(Arc::strong_count(&answer), 4, "history holds no answer");
    });
}

#[test]
fn many_threads_get_their_own_answers() {
    threaded(4).run(async |bus, _| {
        let _echo =
            bus.subscribe::<PageRequested>().concurrency(4).reply(async |event: Event<PageRequested>| {
                tokio::task::yield_now().await;
                Ok::<_, String>(event.url.as_bytes().to_vec())
            });
        let asks = (0..200).map(|n| {
            let desk = bus.stream("desk");
            tokio::spawn(async move {
                let url = format!("page {n}");
                let page = desk.emit_page_requested(url.clone()).first_reply().await.unwrap();
                assert_eq!(page.into_inner().unwrap(), url.into_bytes());
            })
        });
        for ask in asks.collect::<Vec<_>>() {
            ask.await.unwrap();
        }
    });
}

#[test]
fn an_interceptor_may_refuse_what_is_asked() {
    let gate = |bus: bus_core::EventBusBuilder| {
        bus.intercept(|event| -> Result<(), BoxError> {
            if event.payload::<ToolRequested>().is_some() { Err("no tools".into()) } else { Ok(()) }
        })
    };
    trial().with(gate).run(async |bus, _| {
        let _gate = bus.subscribe::<ToolRequested>().reply(allow);
        let error = bus.stream("desk").emit_tool_requested("a").replies().await.unwrap_err();
        assert!(error.to_string().ends_with("refused it: no tools"), "{error}");
    });
}

#[test]
fn a_wait_can_be_spawned() {
    fn sendable<T: Send + 'static>(_: T) {}
    let bus = EventBus::new();
    sendable(bus.stream("desk").emit_tool_requested("a").replies());
    sendable(bus.stream("desk").emit_tool_requested("a").first_reply());
}

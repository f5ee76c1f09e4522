// One connection to a monitor of QEMU: what its owner is told, in what order,
// and when a monitor counts as silent. Time is a number.
#include "runtime/qmp_session.hpp"

#include <sstream>

#include "tests/unit/expect.hpp"
#include "tests/unit/project_file.hpp"

namespace ppn::tests {

using runtime::QmpCallbacks;
using runtime::QmpClass;
using runtime::QmpEvent;
using runtime::QmpJson;
using runtime::QmpResult;
using runtime::QmpSession;
using runtime::QmpStatus;
using runtime::QmpTrouble;

namespace {

constexpr std::uint64_t ms = 1'000'000;
constexpr std::uint64_t second = 1'000 * ms;

const std::string greeting =
    R"({"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}, )"
    R"("package": ""}, "capabilities": ["oob"]}})"
    "\r\n";

std::string event(const std::string& name) {
  return R"({"timestamp": {"seconds": 1, "microseconds": 2}, "event": ")" +
         name + "\"}\r\n";
}

std::string reply(std::uint64_t id, const std::string& value = "{}") {
  return R"({"return": )" + value + R"(, "id": )" + std::to_string(id) +
         "}\r\n";
}

std::string status_reply(std::uint64_t id, const std::string& state) {
  return reply(id, R"({"status": ")" + state + R"(", "running": )" +
                       (state == "running" ? "true" : "false") + "}");
}

std::string in_words(const QmpResult& result) {
  if (result) return "= " + result->dump();
  const auto& error = result.error();
  auto sent = error.was_sent ? "" : ", unsent";
  if (error.trouble == QmpTrouble::refused) return "! " + error.error_class;
  return (error.trouble == QmpTrouble::timeout ? "! timeout" : "! closed") +
         std::string{sent};
}

/// A session, its clock, and what its owner was told since it was asked last.
class Owner {
 public:
  Owner() { session_.emplace(callbacks(), now); }

  QmpSession& session() { return *session_; }

  void hear(const std::string& text) { session().take(text, now); }

  void ask(const std::string& command, QmpClass kind = QmpClass::query) {
    session().execute(
        {command}, kind,
        [this, command](const QmpResult& result) {
          note(command + " " + in_words(result));
        },
        now);
  }

  /// Writes all, and says what in few words.
  std::string written() {
    std::string lines;
    while (!session().output().empty()) {
      auto output = session().output();
      lines += output;
      session().note_written(output.size(), now);
    }
    std::istringstream in{lines};
    std::string words;
    for (std::string line; std::getline(in, line);) {
      auto command = QmpJson::parse(line);
      words += command["execute"].get<std::string>() + " " +
               command["id"].dump() + "\n";
    }
    return words;
  }

  /// Nobody answers for so long; all that is due is done, and written. Says
  /// what.
  std::string wait(std::uint64_t ns) {
    auto end = now + ns;
    std::string wrote;
    if (writes) wrote += written();
    while (auto next = session().next_deadline()) {
      if (*next > end) break;
      BOOST_REQUIRE(*next >= now);
      now = *next;
      session().tick(now);
      if (writes) wrote += written();
      auto after = session().next_deadline();
      BOOST_REQUIRE(!after || *after > now);
    }
    now = end;
    return wrote;
  }

  /// Negotiated, with the first two ids used up.
  void become_ready() {
    hear(greeting);
    written();
    hear(reply(1));
    written();
    hear(status_reply(2, "running"));
    told();
  }

  std::string told() { return std::exchange(told_, {}); }
  void note(const std::string& line) { told_ += line + "\n"; }

  void end() { session_.reset(); }

  std::uint64_t now = 100 * second;
  bool writes = true;
  std::function<void(const std::string&)> on_event = [](const auto&) {};
  std::function<void()> on_ready = [] {};

 private:
  QmpCallbacks callbacks() {
    QmpCallbacks callbacks;
    callbacks.on_ready = [this](const QmpStatus& status) {
      note("ready, " + std::string{name_of(status.state)});
      on_ready();
    };
    callbacks.on_status = [this](const QmpStatus& status) {
      note("status " + std::string{name_of(status.state)});
    };
    callbacks.on_event = [this](const QmpEvent& event) {
      note(event.name);
      on_event(event.name);
    };
    callbacks.on_silence = [this](bool is_silent, const std::string& why) {
      note((is_silent ? "silent: " : "heard: ") + why);
    };
    callbacks.on_broken = [this](const std::string& why) {
      note("broken: " + why);
    };
    return callbacks;
  }

  std::optional<QmpSession> session_;
  std::string told_;
};

struct Ready : Owner {
  Ready() { become_ready(); }
};

/// Both sides of a session that was recorded, line by line.
std::vector<std::string> recorded(const std::string& name) {
  std::istringstream in{project_file("tests/recorded/qmp/" + name + ".txt")};
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);)
    if (!line.starts_with("#")) lines.push_back(line);
  return lines;
}

/// Lets a session say what was said then: what it does not say by itself, its
/// owner does. Tells what the owner was told.
std::string replay(const std::string& name) {
  Owner owner;
  for (const auto& line : recorded(name)) {
    auto text = line.substr(2);
    if (line.starts_with("<")) {
      owner.hear(text + "\r\n");
      continue;
    }
    auto command = QmpJson::parse(text);
    if (owner.session().output().empty()) {
      auto verb = command["execute"].get<std::string>();
      owner.session().execute(
          {verb, command.value("arguments", QmpJson{})}, QmpClass::control,
          [&owner, verb](const QmpResult& result) {
            owner.note(verb + " " + in_words(result));
          },
          owner.now);
    }
    auto said = owner.session().output();
    BOOST_TEST((QmpJson::parse(said) == command));
    owner.session().note_written(said.size(), owner.now);
  }
  owner.session().close("the connection ended");
  return owner.told();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(qmp_session)

// -- from the greeting on -----------------------------------------------------

BOOST_FIXTURE_TEST_CASE(nothing_is_said_before_the_greeting, Owner) {
  ask("query-block");
  BOOST_TEST(written().empty());
  BOOST_TEST(!session().greeting());
}

BOOST_FIXTURE_TEST_CASE(it_negotiates_and_looks_before_it_is_ready, Owner) {
  hear(greeting.substr(0, 20));
  BOOST_TEST(written().empty());
  hear(greeting.substr(20));
  BOOST_TEST((session().greeting()->version[0] == 7U));
  BOOST_TEST(written() == "qmp_capabilities 1\n");
  hear(reply(1));
  BOOST_TEST(written() == "query-status 2\n");
  BOOST_TEST(!session().is_ready());
  hear(status_reply(2, "paused"));
  BOOST_TEST(session().is_ready());
  BOOST_TEST(told() == "ready, paused\n");
}

BOOST_FIXTURE_TEST_CASE(what_was_wanted_before_goes_out_once_it_is_ready,
                        Owner) {
  ask("query-block");
  ask("stop", QmpClass::control);
  hear(greeting);
  BOOST_TEST(written() == "qmp_capabilities 1\n");
  hear(reply(1));
  BOOST_TEST(written() == "query-status 2\n");
  hear(status_reply(2, "running"));
  BOOST_TEST(written() == "query-block 3\nstop 4\n");
}

BOOST_FIXTURE_TEST_CASE(events_are_told_from_the_first_byte_on, Owner) {
  hear(event("STOP") + greeting + event("RESUME"));
  hear(event("RESET") + reply(1));
  hear(event("SHUTDOWN") + status_reply(2, "shutdown"));
  BOOST_TEST(told() == "STOP\nRESUME\nRESET\nSHUTDOWN\nready, shutdown\n");
}

BOOST_FIXTURE_TEST_CASE(who_refuses_to_negotiate_is_no_monitor, Owner) {
  hear(greeting);
  hear(R"({"id": 1, "error": {"class": "GenericError", "desc": "no"}})"
       "\n");
  BOOST_TEST(told() == "broken: it refuses qmp_capabilities: no\n");
  BOOST_TEST(session().is_over());
}

BOOST_FIXTURE_TEST_CASE(who_has_no_state_is_no_monitor, Owner) {
  hear(greeting + reply(1) + reply(2, "7"));
  BOOST_TEST(told() == "broken: it does not say in what state the guest is\n");
}

BOOST_FIXTURE_TEST_CASE(nobody_greets_twice, Ready) {
  hear(greeting);
  BOOST_TEST(told() == "broken: it greets a second time\n");
}

BOOST_FIXTURE_TEST_CASE(garbage_ends_it_and_all_who_wait_are_told, Ready) {
  ask("query-block");
  hear(event("STOP") + "garbage\n" + event("RESUME"));
  BOOST_TEST(told() ==
             "STOP\nquery-block ! closed\n"
             "broken: what comes is no object of JSON: garbage\n");
  BOOST_TEST(session().output().empty());
  BOOST_TEST(!session().next_deadline());
}

// -- commands -----------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(each_command_has_a_higher_number, Ready) {
  ask("a");
  ask("b");
  hear(reply(3) + reply(4));
  ask("c");
  BOOST_TEST(written() == "a 3\nb 4\nc 5\n");
}

BOOST_FIXTURE_TEST_CASE(an_answer_reaches_who_asked, Ready) {
  ask("a");
  ask("b");
  hear(reply(4, "[4]") + reply(3, "[3]"));
  BOOST_TEST(told() == "b = [4]\na = [3]\n");
}

BOOST_FIXTURE_TEST_CASE(a_refusal_has_its_class, Ready) {
  std::string description;
  session().execute(
      {"balloon", {{"value", 1}}}, QmpClass::control,
      [&](const QmpResult& result) {
        note(in_words(result));
        description = result.error().description;
      },
      now);
  hear(R"({"id": 3, "error": {"class": "DeviceNotActive", "desc": "none"}})"
       "\n");
  BOOST_TEST(told() == "! DeviceNotActive\n");
  BOOST_TEST(description == "none");
}

BOOST_FIXTURE_TEST_CASE(an_event_before_the_reply_is_told_before_it, Ready) {
  ask("cont", QmpClass::control);
  hear(event("RESUME") + reply(3));
  BOOST_TEST(told() == "RESUME\ncont = {}\n");
}

BOOST_FIXTURE_TEST_CASE(replies_that_nobody_waits_for_are_dropped, Ready) {
  ask("a");
  hear(reply(99) + R"({"return": 1, "id": "a"})"
                   "\n"
                   R"({"return": 1})"
                   "\n");
  hear(R"({"error": {"class": "GenericError", "desc": "stray"}})"
       "\n");
  BOOST_TEST(told().empty());
  hear(reply(3) + reply(3));
  BOOST_TEST(told() == "a = {}\n");
}

BOOST_FIXTURE_TEST_CASE(an_answer_that_nobody_wants_is_none, Ready) {
  session().execute({"system_powerdown"}, QmpClass::control, {}, now);
  hear(reply(3));
  BOOST_TEST(told().empty());
}

BOOST_FIXTURE_TEST_CASE(who_waits_at_the_end_is_told_so, Ready) {
  ask("a");
  written();
  session().close("QEMU ended");
  BOOST_TEST(told() == "a ! closed\n");
  ask("b");
  BOOST_TEST(told() == "b ! closed, unsent\n");
  hear(reply(3) + event("STOP"));
  wait(100 * second);
  BOOST_TEST(told().empty());
}

BOOST_FIXTURE_TEST_CASE(it_may_be_written_byte_by_byte, Ready) {
  ask("query-block");
  ask("query-balloon");
  std::string text;
  while (!session().output().empty()) {
    text += session().output().front();
    session().note_written(1, now);
  }
  BOOST_TEST(text ==
             "{\"execute\":\"query-block\",\"id\":3}\n"
             "{\"execute\":\"query-balloon\",\"id\":4}\n");
}

BOOST_FIXTURE_TEST_CASE(what_is_being_written_stays_where_it_is, Ready) {
  ask("query-block");
  const auto* data = session().output().data();
  for (int i = 0; i < 1'000; ++i) ask("query-balloon");
  BOOST_TEST((session().output().data() == data));
}

// -- deadlines ----------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(a_monitor_in_order_has_no_deadline, Ready) {
  BOOST_TEST(!session().next_deadline());
  ask("a");
  hear(reply(3));
  written();
  BOOST_TEST(!session().next_deadline());
}

BOOST_FIXTURE_TEST_CASE(who_does_not_greet_in_two_seconds_is_silent, Owner) {
  wait(2 * second - 1);
  BOOST_TEST(told().empty());
  wait(1);
  BOOST_TEST(told() == "silent: there was no greeting within 2000 ms\n");
  BOOST_TEST(session().is_silent());
  wait(100 * second);
  BOOST_TEST(told().empty());
}

BOOST_FIXTURE_TEST_CASE(so_is_who_greets_and_does_not_negotiate, Owner) {
  wait(1'500 * ms);
  hear(greeting);
  wait(500 * ms);
  BOOST_TEST(told() ==
             "silent: qmp_capabilities was not answered within 2000 ms\n");
}

BOOST_FIXTURE_TEST_CASE(who_greets_late_is_heard_once_it_negotiates, Owner) {
  wait(5 * second);
  told();
  hear(greeting);
  BOOST_TEST(session().is_silent());
  written();
  hear(reply(1));
  BOOST_TEST(told() == "heard: it answers again after 3000 ms\n");
  hear(status_reply(2, "running"));
  BOOST_TEST(told() == "ready, running\n");
}

BOOST_FIXTURE_TEST_CASE(who_complains_but_does_not_negotiate_stays_silent,
                        Owner) {
  wait(2 * second);
  told();
  hear(R"({"error": {"class": "GenericError", "desc": "stray"}})"
       "\n" +
       reply(1));
  BOOST_TEST(session().is_silent());
  BOOST_TEST(told().empty());
}

BOOST_FIXTURE_TEST_CASE(a_first_look_that_comes_late_makes_it_ready, Owner) {
  hear(greeting + reply(1));
  wait(second);
  BOOST_TEST(told() ==
             "silent: query-status was not answered within 1000 ms\n");
  hear(status_reply(2, "running"));
  BOOST_TEST(told() == "heard: it answers again after 0 ms\nready, running\n");
}

BOOST_FIXTURE_TEST_CASE(a_query_has_a_second, Ready) {
  ask("query-block");
  wait(second - 1);
  BOOST_TEST(told().empty());
  wait(1);
  BOOST_TEST(told() ==
             "silent: query-block was not answered within 1000 ms\n"
             "query-block ! timeout\n");
}

BOOST_FIXTURE_TEST_CASE(a_command_that_acts_has_thirty_seconds, Ready) {
  ask("stop", QmpClass::control);
  wait(30 * second - 1);
  BOOST_TEST(told().empty());
  wait(1);
  BOOST_TEST(told() ==
             "silent: stop was not answered within 30000 ms\n"
             "stop ! timeout\n");
}

BOOST_FIXTURE_TEST_CASE(a_query_behind_a_slow_command_shows_the_silence,
                        Ready) {
  ask("stop", QmpClass::control);
  ask("query-block");
  wait(second);
  BOOST_TEST(told() ==
             "silent: query-block was not answered within 1000 ms\n"
             "query-block ! timeout\n");
  wait(5 * second);
  hear(reply(3));
  BOOST_TEST(told() == "heard: it answers again after 5000 ms\nstop = {}\n");
}

BOOST_FIXTURE_TEST_CASE(an_answer_after_its_deadline_is_dropped, Ready) {
  ask("query-block");
  wait(second);
  told();
  hear(reply(3, "[1]"));
  BOOST_TEST(told() == "heard: it answers again after 0 ms\n");
}

BOOST_FIXTURE_TEST_CASE(who_reads_nothing_for_a_second_is_silent, Ready) {
  writes = false;
  ask("stop", QmpClass::control);
  wait(second - 1);
  BOOST_TEST(told().empty());
  wait(1);
  BOOST_TEST(told() == "silent: it read nothing for 1000 ms\n");
}

BOOST_FIXTURE_TEST_CASE(who_reads_slowly_is_not_silent, Ready) {
  writes = false;
  ask("stop", QmpClass::control);
  while (!session().output().empty()) {
    wait(second - 1);
    session().note_written(1, now);
  }
  BOOST_TEST(told().find("read nothing") == std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(an_answer_makes_time_for_what_is_not_written, Ready) {
  writes = false;
  ask("a", QmpClass::control);
  ask("b", QmpClass::control);
  session().note_written(session().output().size(), now);
  wait(3 * second);
  told();
  hear(reply(3));
  BOOST_TEST(told() == "heard: it answers again after 2000 ms\na = {}\n");
  wait(second - 1);
  BOOST_TEST(told().empty());
}

// -- silence ------------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(the_silent_are_asked_after_growing_pauses, Ready) {
  ask("query-block");
  wait(second);
  auto since = now;
  std::string pauses;
  for (int i = 0; i < 8; ++i) {
    auto next = session().next_deadline();
    BOOST_REQUIRE(next);
    now = *next;
    pauses += std::to_string((now - since) / second) + " ";
    since = now;
    session().tick(now);
    BOOST_TEST(mentions(written(), "query-status"));
  }
  BOOST_TEST(pauses == "1 2 4 8 16 30 30 30 ");
}

BOOST_FIXTURE_TEST_CASE(anything_that_is_answered_ends_the_silence, Ready) {
  for (const auto& answer :
       {reply(99),
        std::string{R"({"error": {"class": "A", "desc": ""}})"} + "\n"}) {
    ask("query-block");
    wait(2 * second);
    BOOST_TEST(session().is_silent());
    hear(answer);
    BOOST_TEST(!session().is_silent());
  }
}

BOOST_FIXTURE_TEST_CASE(an_event_alone_answers_nothing, Ready) {
  ask("query-block");
  wait(second);
  told();
  hear(event("RTC_CHANGE"));
  BOOST_TEST(session().is_silent());
  BOOST_TEST(told() == "RTC_CHANGE\n");
}

BOOST_FIXTURE_TEST_CASE(who_is_heard_again_says_how_the_guest_is, Ready) {
  ask("query-block");
  wait(4 * second);
  told();
  hear(status_reply(4, "paused"));
  BOOST_TEST(told() ==
             "heard: it answers again after 3000 ms\nstatus paused\n");
}

BOOST_FIXTURE_TEST_CASE(each_silence_begins_with_short_pauses, Ready) {
  ask("query-block");
  wait(100 * second);
  hear(reply(3));
  written();
  ask("query-block");
  wait(second);
  BOOST_TEST(session().is_silent());
  BOOST_TEST((session().next_deadline() == now + second));
}

BOOST_FIXTURE_TEST_CASE(the_silent_are_told_nothing_but_to_answer, Ready) {
  ask("query-block");
  wait(second);
  told();
  ask("quit", QmpClass::control);
  auto wrote = wait(30 * second);
  BOOST_TEST(told() == "quit ! timeout, unsent\n");
  hear(reply(3));
  BOOST_TEST(wrote + written() ==
             "query-status 4\nquery-status 5\nquery-status 6\n"
             "query-status 7\n");
}

BOOST_FIXTURE_TEST_CASE(what_was_held_back_goes_out_when_it_is_heard, Ready) {
  ask("query-block");
  wait(2 * second);
  told();
  ask("stop", QmpClass::control);
  hear(reply(3));
  BOOST_TEST(written() == "stop 5\n");
  wait(30 * second - 1);
  BOOST_TEST(!mentions(told(), "stop"));
  wait(1);
  BOOST_TEST(mentions(told(), "stop ! timeout\n"));
}

BOOST_FIXTURE_TEST_CASE(the_probes_of_a_long_silence_are_bounded, Ready) {
  ask("query-block");
  wait(24 * 3'600 * second);
  BOOST_TEST(!session().next_deadline());
  told();
  std::string late = reply(3);
  for (std::uint64_t id = 4; id < 4 + runtime::qmp_probes_max; ++id)
    late += status_reply(id, "running");
  hear(late);
  auto words = told();
  BOOST_TEST(mentions(words, "heard: it answers again after 86399000 ms\n"));
  BOOST_TEST(std::count(words.begin(), words.end(), '\n') ==
             1 + static_cast<std::ptrdiff_t>(runtime::qmp_probes_max));
  ask("query-block");
  BOOST_TEST(written() == "query-block 68\n");
}

BOOST_FIXTURE_TEST_CASE(who_reads_nothing_is_not_asked_more, Ready) {
  writes = false;
  ask("query-block");
  wait(1'000 * second);
  BOOST_TEST(written() == "query-block 3\n");
  auto next = session().next_deadline();
  BOOST_REQUIRE(next);
  session().tick(now);
  BOOST_TEST(written() == "query-status 4\n");
}

// -- the watch ----------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(who_is_watched_is_asked_all_the_time, Ready) {
  session().watch(true);
  std::uint64_t id = 3;
  for (int i = 0; i < 100; ++i) {
    wait(400 * ms);
    hear(status_reply(id++, "running"));
    BOOST_TEST(told() == "status running\n");
  }
}

BOOST_AUTO_TEST_CASE(who_stops_to_answer_is_marked_within_a_second) {
  // Whenever it stops, before or after it was asked.
  for (std::uint64_t stop = 0; stop < 2'000 * ms; stop += 7 * ms) {
    Ready owner;
    owner.session().watch(true);
    auto end = owner.now + stop;
    std::uint64_t id = 3;
    for (;;) {
      auto next = owner.session().next_deadline();
      BOOST_REQUIRE(next);
      if (*next >= end) break;
      owner.now = *next;
      owner.session().tick(owner.now);
      if (!owner.written().empty()) owner.hear(status_reply(id++, "running"));
    }
    owner.now = end;
    owner.told();
    owner.wait(second - 1);
    BOOST_TEST(owner.told() ==
               "silent: query-status was not answered within 500 ms\n");
  }
}

BOOST_FIXTURE_TEST_CASE(who_answers_others_needs_not_be_asked, Ready) {
  session().watch(true);
  hear(reply(99));
  for (std::uint64_t id = 3; id < 20; ++id) {
    wait(300 * ms);
    ask("query-block");
    BOOST_TEST(written() == "query-block " + std::to_string(id) + "\n");
    hear(reply(id));
  }
}

BOOST_FIXTURE_TEST_CASE(a_watch_goes_on_after_a_silence, Ready) {
  session().watch(true);
  ask("stop", QmpClass::control);
  wait(900 * ms);
  BOOST_TEST(mentions(told(), "silent"));
  hear(reply(3));
  BOOST_TEST(!session().is_silent());
  told();
  wait(900 * ms);
  BOOST_TEST(mentions(told(), "silent"));
}

BOOST_FIXTURE_TEST_CASE(nobody_is_watched_before_it_is_ready, Owner) {
  session().watch(true);
  auto begin = now;
  hear(greeting);
  BOOST_TEST(written() == "qmp_capabilities 1\n");
  wait(second);
  BOOST_TEST((session().next_deadline() == begin + 2 * second));
}

BOOST_FIXTURE_TEST_CASE(a_watch_can_end, Ready) {
  session().watch(true);
  wait(400 * ms);
  hear(status_reply(3, "running"));
  session().watch(false);
  BOOST_TEST(!session().next_deadline());
}

// -- callbacks ----------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(a_callback_may_give_a_command, Ready) {
  on_event = [this](const std::string& name) { ask("after-" + name); };
  ask("cont", QmpClass::control);
  hear(event("RESUME") + event("STOP") + reply(3));
  BOOST_TEST(told() == "RESUME\nSTOP\ncont = {}\n");
  BOOST_TEST(written() == "cont 3\nafter-RESUME 4\nafter-STOP 5\n");
  hear(reply(4) + reply(5));
  BOOST_TEST(told() == "after-RESUME = {}\nafter-STOP = {}\n");
}

BOOST_FIXTURE_TEST_CASE(an_answer_may_ask_the_next_question, Ready) {
  int left = 3;
  std::function<void(const QmpResult&)> next = [&](const QmpResult&) {
    if (--left > 0) session().execute({"again"}, QmpClass::query, next, now);
  };
  session().execute({"first"}, QmpClass::query, next, now);
  for (std::uint64_t id = 3; id < 6; ++id) hear(reply(id));
  BOOST_TEST(left == 0);
}

BOOST_FIXTURE_TEST_CASE(who_is_told_that_it_is_ready_may_ask_more, Owner) {
  on_ready = [this] { ask("query-balloon"); };
  hear(greeting + reply(1) + status_reply(2, "running"));
  BOOST_TEST(mentions(written(), "query-balloon 3\n"));
}

BOOST_FIXTURE_TEST_CASE(a_callback_may_close_it, Ready) {
  on_event = [this](const std::string&) {
    session().close("enough");
    note("enough");
  };
  ask("a");
  hear(event("STOP") + event("RESUME"));
  // What had come by then is still told, and each after the other.
  BOOST_TEST(told() == "STOP\nenough\nRESUME\nenough\na ! closed\n");
  BOOST_TEST(session().is_over());
}

BOOST_FIXTURE_TEST_CASE(a_callback_may_end_its_life, Ready) {
  on_event = [this](const std::string&) { end(); };
  ask("a");
  hear(event("STOP") + event("RESUME") + reply(3));
  BOOST_TEST(told() == "STOP\n");
}

BOOST_FIXTURE_TEST_CASE(so_may_an_answer_that_was_too_late, Ready) {
  session().execute(
      {"query-block"}, QmpClass::query, [this](const QmpResult&) { end(); },
      now);
  wait(second - 1);
  session().tick(++now);
  BOOST_TEST(told() == "silent: query-block was not answered within 1000 ms\n");
}

// -- what was recorded --------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_whole_life_goes_as_it_was_recorded) {
  BOOST_TEST(replay("run") ==
             "ready, prelaunch\n"
             "RESUME\ncont = {}\n"
             "STOP\nstop = {}\n"
             "query-status = {\"running\":false,\"singlestep\":false,"
             "\"status\":\"paused\"}\n"
             "RESUME\ncont = {}\n"
             "query-status = {\"running\":true,\"singlestep\":false,"
             "\"status\":\"running\"}\n"
             "RESET\nsystem_reset = {}\nRESET\nRESET\n"
             "SHUTDOWN\nquit = {}\n");
}

BOOST_AUTO_TEST_CASE(so_does_one_of_a_later_qemu) {
  BOOST_TEST(replay("run_10") ==
             "ready, prelaunch\n"
             "RESUME\ncont = {}\n"
             "STOP\nstop = {}\n"
             "query-status = {\"running\":false,\"status\":\"paused\"}\n"
             "RESUME\ncont = {}\n"
             "query-status = {\"running\":true,\"status\":\"running\"}\n"
             "RESET\nsystem_reset = {}\nRESET\n"
             "SHUTDOWN\nquit = {}\n");
  BOOST_TEST(mentions(replay("storm_10"), "RESUME\ncont = {}\nRESET\nRESET\n"));
  BOOST_TEST(mentions(replay("balloon_10"),
                      "\"stat-free-memory\":18446744073709551615"));
}

BOOST_AUTO_TEST_CASE(a_guest_that_ends_itself_goes_as_it_was_recorded) {
  BOOST_TEST(replay("guest_shutdown") ==
             "ready, prelaunch\nRESUME\ncont = {}\nSHUTDOWN\n");
  BOOST_TEST(replay("panic_shutdown") ==
             "ready, prelaunch\nRESUME\ncont = {}\n"
             "GUEST_PANICKED\nSHUTDOWN\n");
}

BOOST_AUTO_TEST_CASE(a_guest_that_needs_help_goes_as_it_was_recorded) {
  for (const auto* name : {"panic", "disk_full", "powerdown", "storm"})
    BOOST_TEST(mentions(replay(name), "RESUME\ncont = {}\n"));
}

BOOST_AUTO_TEST_CASE(numbers_arrive_as_they_were_recorded) {
  auto words = replay("balloon");
  BOOST_TEST(mentions(words, "\"stat-free-memory\":18446744073709551615"));
  BOOST_TEST(mentions(words, "query-balloon = {\"actual\":67108864}\n"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests

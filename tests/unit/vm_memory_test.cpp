// What is heard of a guest's memory, and when it counts as said. Time is a
// number.
#include "runtime/vm_memory.hpp"

#include <fstream>
#include <iterator>
#include <sstream>

#include "tests/unit/expect.hpp"
#include "tests/unit/project_file.hpp"

namespace ppn::tests {

using events::GuestMemory;
using runtime::GuestStatement;
using runtime::HeardMemory;
using runtime::QmpJson;
using runtime::QmpReply;
using runtime::read_balloon;
using runtime::read_guest_memory;
using runtime::resident_mb_in;

namespace {

constexpr std::uint64_t second = 1'000'000'000;
const std::string not_said = "18446744073709551615";

/// What QEMU answered in a session that was recorded, oldest first.
std::vector<QmpJson> answers_in(const std::string& name) {
  std::istringstream lines{project_file("tests/recorded/qmp/" + name + ".txt")};
  std::vector<QmpJson> answers;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("< ")) continue;
    auto message = must(runtime::parse_qmp_message(line.substr(2)));
    if (auto* reply = std::get_if<QmpReply>(&message))
      answers.push_back(std::move(reply->value));
  }
  return answers;
}

/// An answer of QEMU, as it comes from the wire.
QmpJson answer(const std::string& value) {
  auto message =
      must(runtime::parse_qmp_message(R"({"return": )" + value + "}"));
  return std::get<QmpReply>(message).value;
}

QmpJson stats(const std::string& available, const std::string& free,
              const std::string& last_update) {
  return answer(R"({"stats": {"stat-total-memory": 1073741824, )"
                R"("stat-available-memory": )" +
                available + R"(, "stat-free-memory": )" + free +
                R"(}, "last-update": )" + last_update + "}");
}

/// What a Linux guest says that has so much available, and less free.
QmpJson available(std::uint64_t mb, std::uint64_t last_update) {
  return stats(std::to_string(mb << 20U), std::to_string(mb << 19U),
               std::to_string(last_update));
}

/// Asked twice, five seconds apart, with a statement between.
struct Spoke : HeardMemory {
  Spoke() {
    take_guest_memory(available(500, 1'000), 95 * second);
    take_guest_memory(available(400, 1'005), 100 * second);
  }

  [[nodiscard]] std::optional<std::uint64_t> age_at(
      std::uint64_t now_ns) const {
    auto said = says(now_ns);
    if (!said) return std::nullopt;
    return said->age_ns;
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(vm_memory)

// -- what QEMU is told --------------------------------------------------------

BOOST_AUTO_TEST_CASE(commands_are_as_qemu_wants_them) {
  BOOST_TEST(runtime::qmp_line(runtime::poll_guest_memory(), 1) ==
             R"({"arguments":{"path":"/machine/peripheral/balloon",)"
             R"("property":"guest-stats-polling-interval","value":5},)"
             R"("execute":"qom-set","id":1})"
             "\n");
  BOOST_TEST(runtime::qmp_line(runtime::ask_guest_memory(), 2) ==
             R"({"arguments":{"path":"/machine/peripheral/balloon",)"
             R"("property":"guest-stats"},"execute":"qom-get","id":2})"
             "\n");
  BOOST_TEST(runtime::qmp_line(runtime::ask_balloon(), 3) ==
             R"({"execute":"query-balloon","id":3})"
             "\n");
}

BOOST_AUTO_TEST_CASE(a_balloon_is_told_bytes) {
  BOOST_TEST(runtime::qmp_line(runtime::set_balloon_to(64), 1) ==
             R"({"arguments":{"value":67108864},"execute":"balloon","id":1})"
             "\n");
  BOOST_TEST(mentions(runtime::qmp_line(runtime::set_balloon_to(8'388'608), 1),
                      R"("value":8796093022208})"));
}

// -- single answers -----------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_guest_says_what_it_has_available) {
  auto said = read_guest_memory(stats("524288000", "104857600", "1796037636"));
  BOOST_TEST((said == GuestStatement{1'796'037'636, 500}));
}

BOOST_AUTO_TEST_CASE(what_is_no_whole_mb_is_not_counted) {
  BOOST_TEST(
      (read_guest_memory(stats("2097151", "0", "7")) == GuestStatement{7, 1}));
  BOOST_TEST(
      (read_guest_memory(stats("0", "1048576", "7")) == GuestStatement{7, 0}));
}

BOOST_AUTO_TEST_CASE(an_old_guest_says_only_what_is_free) {
  BOOST_TEST((read_guest_memory(stats(not_said, "104857600", "7")) ==
              GuestStatement{7, 100}));
  auto without =
      answer(R"({"stats": {"stat-free-memory": 104857600}, "last-update": 7})");
  BOOST_TEST((read_guest_memory(without) == GuestStatement{7, 100}));
}

BOOST_AUTO_TEST_CASE(a_guest_may_say_neither) {
  GuestStatement nothing{7, std::nullopt};
  BOOST_TEST((read_guest_memory(stats(not_said, not_said, "7")) == nothing));
  BOOST_TEST((read_guest_memory(stats("\"1\"", "-1", "7")) == nothing));
  BOOST_TEST((read_guest_memory(stats("1e9", "1.5", "7")) == nothing));
  BOOST_TEST((read_guest_memory(answer(R"({"stats": {}, "last-update": 7})")) ==
              nothing));
}

BOOST_AUTO_TEST_CASE(the_largest_number_but_one_is_a_number) {
  BOOST_TEST((read_guest_memory(stats("18446744073709551614", "0", "7")) ==
              GuestStatement{7, 17'592'186'044'415}));
}

BOOST_AUTO_TEST_CASE(what_is_no_statement_is_none) {
  for (const auto* value :
       {"{}", "[]", "null", "7", "\"stats\"", R"({"last-update": 7})",
        R"({"stats": {"stat-free-memory": 1048576}})",
        R"({"stats": [], "last-update": 7})",
        R"({"stats": null, "last-update": 7})",
        R"({"stats": {"stat-free-memory": 1048576}, "last-update": -1})",
        R"({"stats": {"stat-free-memory": 1048576}, "last-update": "7"})"})
    BOOST_TEST(!read_guest_memory(answer(value)), value);
}

BOOST_AUTO_TEST_CASE(qemu_says_what_a_balloon_leaves) {
  BOOST_TEST((read_balloon(answer(R"({"actual": 67108864})")) == 64U));
  BOOST_TEST((read_balloon(answer(R"({"actual": 0})")) == 0U));
  for (const auto* value : {"{}", "[]", "null", "67108864", R"({"actual": -4})",
                            R"({"actual": "64"})", R"({"actual": 6.4e7})"})
    BOOST_TEST(!read_balloon(answer(value)), value);
}

BOOST_AUTO_TEST_CASE(answers_are_read_as_they_were_recorded) {
  for (const auto* name : {"balloon", "balloon_10"}) {
    std::vector<GuestStatement> statements;
    std::vector<std::uint64_t> balloons;
    for (const auto& value : answers_in(name)) {
      if (auto statement = read_guest_memory(value))
        statements.push_back(*statement);
      if (auto mb = read_balloon(value)) balloons.push_back(*mb);
    }
    BOOST_TEST((statements == std::vector<GuestStatement>{{0, std::nullopt}}));
    BOOST_TEST(balloons == std::vector<std::uint64_t>{64});
  }
}

BOOST_AUTO_TEST_CASE(linux_says_what_a_process_has_of_the_host) {
  BOOST_TEST(resident_mb_in("Name:\tqemu-system-x86\n"
                            "VmHWM:\t  999999 kB\n"
                            "VmRSS:\t  265216 kB\n"
                            "RssAnon:\t  1024 kB\n") == 259U);
  BOOST_TEST(resident_mb_in("VmRSS:\t    1023 kB\n") == 0U);
  BOOST_TEST(resident_mb_in("VmRSS:\t\nThreads:\t7\n") == 0U);
  BOOST_TEST(resident_mb_in("Name:\tVmRSS: 4096 kB\n") == 0U);
  BOOST_TEST(resident_mb_in("") == 0U);
  std::ifstream own{"/proc/self/status"};
  BOOST_TEST(resident_mb_in({std::istreambuf_iterator<char>{own}, {}}) > 0U);
}

// -- when it counts as said ---------------------------------------------------

BOOST_AUTO_TEST_CASE(at_first_nothing_is_known) {
  HeardMemory heard;
  BOOST_TEST(!heard.actual_mb());
  BOOST_TEST(!heard.says(100 * second));
}

BOOST_AUTO_TEST_CASE(what_was_said_before_anybody_listened_does_not_count) {
  HeardMemory heard;
  for (auto now : {100 * second, 105 * second, 110 * second}) {
    heard.take_guest_memory(available(500, 1'000), now);
    BOOST_TEST(!heard.says(now));
  }
}

BOOST_AUTO_TEST_CASE(it_counts_once_the_guest_spoke_again) {
  HeardMemory heard;
  heard.take_guest_memory(available(500, 1'000), 100 * second);
  heard.take_guest_memory(available(400, 1'005), 105 * second);
  BOOST_TEST((heard.says(105 * second) == GuestMemory{400, 0}));
}

BOOST_AUTO_TEST_CASE(the_first_statement_of_all_counts) {
  HeardMemory heard;
  heard.take_guest_memory(stats(not_said, not_said, "0"), 100 * second);
  BOOST_TEST(!heard.says(100 * second));
  heard.take_guest_memory(available(500, 1'000), 105 * second);
  BOOST_TEST((heard.says(106 * second) == GuestMemory{500, second}));
}

BOOST_FIXTURE_TEST_CASE(who_goes_silent_grows_stale, Spoke) {
  for (auto now = 105 * second; now <= 120 * second; now += 5 * second) {
    take_guest_memory(available(400, 1'005), now);
    BOOST_TEST((says(now) == GuestMemory{400, now - 100 * second}));
  }
  BOOST_TEST((age_at(120 * second) > events::balloon_stale_ns));
  take_guest_memory(available(300, 1'025), 125 * second);
  BOOST_TEST((says(125 * second) == GuestMemory{300, 0}));
}

BOOST_FIXTURE_TEST_CASE(a_clock_of_the_host_that_is_set_back_is_no_matter,
                        Spoke) {
  take_guest_memory(available(300, 50), 105 * second);
  BOOST_TEST((says(107 * second) == GuestMemory{300, 2 * second}));
}

BOOST_FIXTURE_TEST_CASE(numbers_without_a_new_statement_are_none, Spoke) {
  take_guest_memory(available(9, 1'005), 105 * second);
  take_guest_memory(available(9, 0), 110 * second);
  BOOST_TEST((says(110 * second) == GuestMemory{400, 10 * second}));
}

BOOST_FIXTURE_TEST_CASE(garbage_says_nothing_and_breaks_nothing, Spoke) {
  take_balloon(answer(R"({"actual": 536870912})"));
  for (const auto* value : {"{}", "[]", "null", "7", R"({"stats": 1})",
                            R"({"stats": {}, "last-update": -9})"}) {
    take_guest_memory(answer(value), 105 * second);
    take_balloon(answer(value));
  }
  BOOST_TEST((says(105 * second) == GuestMemory{400, 5 * second}));
  BOOST_TEST((actual_mb() == 512U));
  take_guest_memory(available(400, 1'005), 110 * second);
  BOOST_TEST((age_at(110 * second) == 10 * second));
  take_guest_memory(available(300, 1'010), 115 * second);
  BOOST_TEST((says(115 * second) == GuestMemory{300, 0, 512}));
}

BOOST_FIXTURE_TEST_CASE(who_stops_to_say_numbers_says_nothing, Spoke) {
  take_guest_memory(stats(not_said, not_said, "1010"), 105 * second);
  BOOST_TEST(!says(105 * second));
}

BOOST_FIXTURE_TEST_CASE(after_a_reset_the_guest_has_to_speak_anew, Spoke) {
  take_balloon(answer(R"({"actual": 536870912})"));
  await_news();
  BOOST_TEST(!says(101 * second));
  BOOST_TEST((actual_mb() == 512U));
  take_guest_memory(available(400, 1'007), 105 * second);
  BOOST_TEST(!says(105 * second));
  take_guest_memory(available(700, 1'010), 110 * second);
  BOOST_TEST((says(110 * second) == GuestMemory{700, 0, 512}));
}

BOOST_FIXTURE_TEST_CASE(the_last_answer_tells_what_a_balloon_leaves, Spoke) {
  take_balloon(answer(R"({"actual": 536870912})"));
  take_balloon(answer(R"({"actual": 268435456})"));
  BOOST_TEST((actual_mb() == 256U));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests

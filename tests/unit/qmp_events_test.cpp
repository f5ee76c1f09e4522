// What a guest does, as its QEMU tells it.
#include "runtime/qmp_events.hpp"

#include <sstream>

#include "tests/unit/expect.hpp"
#include "tests/unit/project_file.hpp"

namespace ppn::tests {

using runtime::name_of;
using runtime::QmpCause;
using runtime::QmpDiskAction;
using runtime::QmpDiskError;
using runtime::QmpEvent;
using runtime::QmpJson;
using runtime::QmpNews;
using runtime::QmpPanic;
using runtime::QmpPanicAction;
using runtime::QmpReply;
using runtime::QmpReset;
using runtime::QmpResumed;
using runtime::QmpRunState;
using runtime::QmpShutdown;
using runtime::QmpStatus;
using runtime::QmpStopped;
using runtime::read_news;
using runtime::read_status;
using runtime::ResetStorm;
using runtime::run_state_of;

namespace {

constexpr std::uint64_t second = 1'000'000'000;

/// What QEMU said in a session that was recorded.
std::vector<runtime::QmpMessage> recorded(const std::string& name) {
  std::istringstream lines{project_file("tests/recorded/qmp/" + name + ".txt")};
  std::vector<runtime::QmpMessage> messages;
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("< "))
      messages.push_back(must(runtime::parse_qmp_message(line.substr(2))));
  return messages;
}

std::vector<QmpEvent> events_of(const std::string& name) {
  std::vector<QmpEvent> events;
  for (auto& message : recorded(name))
    if (auto* event = std::get_if<QmpEvent>(&message))
      events.push_back(std::move(*event));
  return events;
}

std::vector<QmpNews> news_of(const std::string& name) {
  std::vector<QmpNews> all;
  for (const auto& event : events_of(name)) {
    auto news = read_news(event);
    BOOST_REQUIRE(news);
    all.push_back(*news);
  }
  return all;
}

template <class News>
News only(const std::vector<QmpNews>& all) {
  std::optional<News> found;
  for (const auto& news : all) {
    const auto* one = std::get_if<News>(&news);
    if (one == nullptr) continue;
    BOOST_REQUIRE(!found);
    found = *one;
  }
  BOOST_REQUIRE(found);
  return *found;
}

std::string states_in(const std::string& name) {
  std::string states;
  for (const auto& message : recorded(name))
    if (const auto* reply = std::get_if<QmpReply>(&message))
      if (auto status = read_status(reply->value))
        states += std::string{name_of(status->state)} +
                  (status->is_running ? "+ " : " ");
  return states;
}

QmpReset by_guest() { return {QmpCause::guest_reset, true}; }
QmpReset by_host() { return {QmpCause::host_reset, false}; }

/// How often one of so many resets, that far from each other, makes a storm.
int storms(ResetStorm& storm, int resets, std::uint64_t from_ns,
           std::uint64_t pause_ns) {
  int storms = 0;
  for (int i = 0; i < resets; ++i, from_ns += pause_ns)
    if (storm.take(by_guest(), from_ns)) ++storms;
  return storms;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(qmp_events)

BOOST_AUTO_TEST_CASE(a_status_is_read_in_each_state_that_was_recorded) {
  BOOST_TEST(states_in("run") == "prelaunch paused running+ ");
  BOOST_TEST(states_in("panic") == "prelaunch guest-panicked ");
  BOOST_TEST(states_in("disk_full") == "prelaunch io-error running+ ");
}

BOOST_AUTO_TEST_CASE(each_state_has_one_name) {
  for (int i = 1; i <= static_cast<int>(QmpRunState::colo); ++i) {
    auto state = static_cast<QmpRunState>(i);
    BOOST_TEST((run_state_of(name_of(state)) == state));
  }
}

BOOST_AUTO_TEST_CASE(a_state_that_nobody_knows_is_unknown) {
  auto status = read_status({{"status", "dreaming"}, {"running", true}});
  BOOST_TEST((status == QmpStatus{QmpRunState::unknown, true}));
  BOOST_TEST(name_of(QmpRunState::unknown) == "unknown");
}

BOOST_AUTO_TEST_CASE(what_has_no_state_is_no_status) {
  for (const auto* text : {"{}", "[]", "7", "null", R"({"status": 7})"})
    BOOST_TEST(!read_status(QmpJson::parse(text)));
}

BOOST_AUTO_TEST_CASE(a_guest_stops_goes_on_is_reset_and_ends) {
  auto all = news_of("run");
  BOOST_TEST(all.size() == 7U);
  BOOST_TEST(std::holds_alternative<QmpResumed>(all.at(0)));
  BOOST_TEST(std::holds_alternative<QmpStopped>(all.at(1)));
  BOOST_TEST(std::holds_alternative<QmpResumed>(all.at(2)));
  auto reset = std::get<QmpReset>(all.at(3));
  BOOST_TEST((reset.cause == QmpCause::host_reset));
  BOOST_TEST(!reset.by_guest);
  auto end = std::get<QmpShutdown>(all.at(6));
  BOOST_TEST((end.cause == QmpCause::host_quit));
  BOOST_TEST(!end.by_guest);
}

BOOST_AUTO_TEST_CASE(a_shutdown_says_who_wanted_it) {
  auto by_itself = only<QmpShutdown>(news_of("guest_shutdown"));
  BOOST_TEST((by_itself.cause == QmpCause::guest_shutdown));
  BOOST_TEST(by_itself.by_guest);
  auto by_signal = only<QmpShutdown>(news_of("signal"));
  BOOST_TEST((by_signal.cause == QmpCause::host_signal));
  BOOST_TEST(!by_signal.by_guest);
}

BOOST_AUTO_TEST_CASE(a_panic_is_told_before_what_comes_of_it) {
  auto paused = news_of("panic");
  BOOST_TEST(
      (std::get<QmpPanic>(paused.at(1)).action == QmpPanicAction::pause));
  BOOST_TEST(std::holds_alternative<QmpStopped>(paused.at(2)));
  auto ended = news_of("panic_shutdown");
  BOOST_TEST(
      (std::get<QmpPanic>(ended.at(1)).action == QmpPanicAction::poweroff));
  BOOST_TEST(
      (std::get<QmpShutdown>(ended.at(2)).cause == QmpCause::guest_panic));
}

BOOST_AUTO_TEST_CASE(a_full_disk_stops_the_guest_and_says_which_it_is) {
  auto all = news_of("disk_full");
  auto error = only<QmpDiskError>(all);
  BOOST_TEST(error.device.empty());
  BOOST_TEST(error.node == "disk0");
  BOOST_TEST(error.is_no_space);
  BOOST_TEST(error.is_write);
  BOOST_TEST((error.action == QmpDiskAction::stop));
  BOOST_TEST(std::holds_alternative<QmpStopped>(all.at(2)));
}

BOOST_AUTO_TEST_CASE(a_button_that_is_not_heeded_ends_nothing) {
  auto all = news_of("powerdown");
  BOOST_TEST(all.size() == 2U);
  BOOST_TEST(std::holds_alternative<runtime::QmpPowerdown>(all.at(1)));
}

BOOST_AUTO_TEST_CASE(other_events_are_no_news) {
  BOOST_TEST(!read_news({"RTC_CHANGE", {{"offset", 1}}, {}}));
  BOOST_TEST(!read_news({"stop", {}, {}}));
}

BOOST_AUTO_TEST_CASE(an_event_without_its_data_is_still_told) {
  for (const auto& data : {QmpJson{}, QmpJson(7), QmpJson::array()}) {
    auto end = read_news({"SHUTDOWN", data, {}});
    BOOST_REQUIRE(end);
    BOOST_TEST((std::get<QmpShutdown>(*end).cause == QmpCause::unknown));
    auto error = read_news({"BLOCK_IO_ERROR", data, {}});
    BOOST_REQUIRE(error);
    BOOST_TEST(!std::get<QmpDiskError>(*error).is_no_space);
  }
}

BOOST_AUTO_TEST_CASE(a_guest_that_always_resets_itself_is_a_storm) {
  ResetStorm storm;
  int said = 0;
  for (const auto& event : events_of("storm"))
    if (auto news = read_news(event); news->index() == 3)
      said += storm.take(std::get<QmpReset>(*news),
                         static_cast<std::uint64_t>(*event.utc_ns))
                  ? 1
                  : 0;
  BOOST_TEST(said == 1);
}

BOOST_AUTO_TEST_CASE(eight_resets_in_a_minute_are_no_storm) {
  ResetStorm storm;
  BOOST_TEST(storms(storm, 8, 0, second) == 0);
  BOOST_TEST(storm.take(by_guest(), 60 * second));
}

BOOST_AUTO_TEST_CASE(resets_over_more_than_a_minute_are_no_storm) {
  ResetStorm storm;
  BOOST_TEST(storms(storm, 8, 0, second) == 0);
  BOOST_TEST(!storm.take(by_guest(), 60 * second + 1));
  BOOST_TEST(storms(storm, 1'000, 200 * second, 60 * second / 8 + 1) == 0);
}

BOOST_AUTO_TEST_CASE(a_storm_that_goes_on_is_said_again) {
  ResetStorm storm;
  BOOST_TEST(storms(storm, 18, 0, second) == 2);
}

BOOST_AUTO_TEST_CASE(resets_by_the_host_do_not_count_nor_do_their_echoes) {
  ResetStorm storm;
  for (std::uint64_t i = 0; i < 30; ++i) {
    auto now = i * second;
    BOOST_TEST(!storm.take(by_host(), now));
    BOOST_TEST(storms(storm, 2, now + second / 2, 1'000'000) == 0);
  }
}

BOOST_AUTO_TEST_CASE(more_than_two_resets_are_no_echo) {
  ResetStorm storm;
  BOOST_TEST(!storm.take(by_host(), 0));
  BOOST_TEST(storms(storm, 10, second / 2, 1'000'000) == 0);
  BOOST_TEST(storm.take(by_guest(), second));
}

BOOST_AUTO_TEST_CASE(a_reset_long_after_that_of_the_host_is_no_echo) {
  ResetStorm storm;
  BOOST_TEST(!storm.take(by_host(), 0));
  BOOST_TEST(storms(storm, 9, second + 1, second) == 1);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests

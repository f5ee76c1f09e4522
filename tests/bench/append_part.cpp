// Durable appends with 1 to 4096 requests waiting: the ledger, the hand-written
// loop that is its limit, and two peers, taking turns on the same events.
#include <fmt/format.h>

#include "tests/bench/contender.hpp"
#include "tests/bench/events.hpp"
#include "tests/bench/parts.hpp"
#include "tests/bench/progress.hpp"
#include "tests/bench/scratch.hpp"

namespace ppn::bench {

namespace {

constexpr double hand_budget = 0.9;
constexpr std::size_t many_waiting = 512;
constexpr double redis_budget = 1.0;
constexpr std::size_t redis_budget_waiting = 512;

constexpr std::string_view about_the_hand_loop =
    "By hand: the same entry bytes, chained, signed on as many threads and put "
    "with MDB_APPEND. It leaves out the tree, the index of streams, every "
    "check of entries and versions, the checkpoints inside and outside, and "
    "the care for a full disk.";
constexpr std::string_view about_the_peers =
    "SQLite: WAL, synchronous=FULL, a transaction for each batch, the same "
    "entries chained and signed on as many threads; no tree, no index of "
    "streams. Redis: one XADD of the same size for each connection that waits; "
    "nothing signed, nothing chained.";
constexpr std::string_view about_cpu_time =
    "cpu us/event: processor time on all cores; of Redis the server's alone.";

struct Load {
  std::size_t waiting;
  std::size_t events;
  std::size_t quick_events;
  bool against_redis;
};

constexpr std::array loads{
    Load{1, 1'500, 10, true},         Load{8, 8'000, 80, false},
    Load{64, 24'576, 640, true},      Load{512, 40'960, 1'024, true},
    Load{4'096, 65'536, 4'096, true},
};

/// A contender and how its rounds went.
struct Course {
  std::unique_ptr<ScratchDirectory> directory;
  std::unique_ptr<Contender> contender;
  std::vector<double> events_per_s;
  std::vector<double> cpu_us;
  std::vector<double> answer_ms;
};

using MakeContender = std::unique_ptr<Contender> (*)(const LoopOptions&);

Course make_course(const Setup& setup, const Load& load, MakeContender make) {
  Course course;
  course.directory = std::make_unique<ScratchDirectory>(setup.scratch, "loop");
  course.contender =
      make({course.directory->path(), load.waiting, setup.cores});
  return course;
}

void run_round(Course& course,
               const std::vector<store::AppendRequest>& requests) {
  auto round = course.contender->run(requests);
  auto count = static_cast<double>(requests.size());
  course.events_per_s.push_back(count / round.seconds);
  course.cpu_us.push_back(round.cpu_seconds * 1e6 / count);
  course.answer_ms.insert(course.answer_ms.end(), round.answer_ms.begin(),
                          round.answer_ms.end());
}

/// One after another and back again, so that nobody always follows the same.
void run_rounds(std::vector<Course>& courses, const Setup& setup,
                const Load& load) {
  Events events;
  std::size_t rounds = setup.quick ? 1 : 7;
  auto count = setup.quick ? load.quick_events : load.events;
  auto warm_up = events.next(std::max(load.waiting, count / 8));
  for (auto& course : courses) course.contender->run(warm_up);
  for (std::size_t round = 0; round < rounds; ++round) {
    show_progress("append, {} waiting, round {} of {}", load.waiting, round + 1,
                  rounds);
    auto requests = events.next(count);
    for (auto& course : courses) run_round(course, requests);
    std::reverse(courses.begin(), courses.end());
  }
  if (rounds % 2 != 0) std::reverse(courses.begin(), courses.end());
}

std::string group_of(const Load& load) {
  return fmt::format("{} waiting", load.waiting);
}

Row row_of(const Load& load, const Course& course) {
  Row row;
  row.group = group_of(load);
  row.name = course.contender->name();
  row.figures = {{events_per_s, median(course.events_per_s)},
                 {cpu_us, median(course.cpu_us)}};
  if (course.answer_ms.empty()) return row;
  row.figures.push_back({p50_ms, quantile(course.answer_ms, 0.5)});
  row.figures.push_back({p99_ms, quantile(course.answer_ms, 0.99)});
  return row;
}

/// Whom the ledger is measured against, and what it owes to it.
struct Opponent {
  MakeContender make;
  std::optional<double> budget;
};

std::vector<Opponent> opponents_of(const Load& load, bool with_redis) {
  bool many = load.waiting >= many_waiting;
  bool at_redis_budget = load.waiting == redis_budget_waiting;
  std::vector<Opponent> opponents{
      {make_hand_loop, many ? std::optional{hand_budget} : std::nullopt},
      {make_sqlite_loop, {}}};
  if (many) opponents.push_back({make_signing_loop, {}});
  if (with_redis)
    opponents.push_back({make_redis_loop, at_redis_budget
                                              ? std::optional{redis_budget}
                                              : std::nullopt});
  return opponents;
}

void measure(const Setup& setup, const Load& load, Part& part) {
  auto no_redis = why_no_redis(load.waiting);
  bool with_redis = load.against_redis && no_redis.empty();
  auto opponents = opponents_of(load, with_redis);
  std::vector<Course> courses;
  courses.push_back(make_course(setup, load, make_ledger_loop));
  for (const auto& opponent : opponents)
    courses.push_back(make_course(setup, load, opponent.make));
  run_rounds(courses, setup, load);

  const auto& ledger = courses[0];
  part.rows.push_back(row_of(load, ledger));
  for (std::size_t i = 0; i < opponents.size(); ++i) {
    const auto& other = courses[i + 1];
    part.rows.push_back(row_of(load, other));
    part.rows.back().judgement = Judgement{
        "ledger / this", median_ratio(ledger.events_per_s, other.events_per_s),
        opponents[i].budget, std::nullopt};
  }
  if (load.against_redis && !with_redis)
    part.rows.push_back({group_of(load), "Redis", {}, {}, no_redis});
}

std::string describe_events() {
  constexpr std::size_t sample = 20'000;
  auto records = records_like(Events{}.next(sample));
  auto [smallest, largest] = std::minmax_element(
      records.begin(), records.end(),
      [](const Bytes& a, const Bytes& b) { return a.size() < b.size(); });
  return fmt::format(
      "Events: grants, revocations, starts and stops on 201 streams; records "
      "of {:.0f} bytes on average ({} to {}).",
      mean_size(records), smallest->size(), largest->size());
}

}  // namespace

Part bench_append(const Setup& setup) {
  Part part;
  part.name = "append";
  part.title = fmt::format(
      "durable before each answer, signed on {} threads (medians of rounds "
      "taken in turns)",
      setup.cores);
  part.notes = {describe_events(), std::string{about_the_hand_loop},
                std::string{about_the_peers}, std::string{about_cpu_time}};
  for (const auto& load : loads) measure(setup, load, part);
  return part;
}

}  // namespace ppn::bench

// What a run found: figures, each beside the limit that was measured with it,
// as a table for a person or as one JSON document for a program.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/machine.hpp"

namespace ppn::bench {

/// What a column holds, and under which key a program finds it.
struct Quantity {
  std::string_view key;
  std::string_view title;
  int decimals = 0;

  bool operator==(const Quantity&) const = default;
};

inline constexpr Quantity events_per_s{"events_per_s", "events/s", 0};
inline constexpr Quantity p50_ms{"p50_ms", "p50 ms", 3};
inline constexpr Quantity p99_ms{"p99_ms", "p99 ms", 3};
inline constexpr Quantity cpu_us{"cpu_us_per_event", "cpu us/event", 1};

struct Figure {
  Quantity quantity;
  double value = 0;
};

/// A figure set against its limit or its budget.
struct Judgement {
  /// What is judged, as in "ledger / by hand".
  std::string what;
  double value = 0;
  std::optional<double> at_least;
  std::optional<double> at_most;

  [[nodiscard]] bool has_budget() const { return at_least || at_most; }
  [[nodiscard]] bool met() const;
};

struct Row {
  /// Rows of one group were measured interleaved with each other.
  std::string group;
  std::string name;
  std::vector<Figure> figures;
  std::optional<Judgement> judgement;
  /// Why there are no figures, where there are none.
  std::string not_measured;
};

struct Part {
  std::string name;
  std::string title;
  /// What a reader must know to judge the figures.
  std::vector<std::string> notes;
  std::vector<Row> rows;
};

struct Report {
  /// As the program's name has it, behind "bench_".
  std::string benchmark;
  Machine machine;
  bool quick = false;
  /// Share of the machine's processor time that went to others meanwhile.
  double taken_by_others = 0;
  std::vector<Part> parts;
};

std::string as_table(const Report& report);
std::string as_json(const Report& report);

}  // namespace ppn::bench

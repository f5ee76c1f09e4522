// ppn-ledger show: entries, one line each.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <limits>
#include <thread>

#include "schema/entry_text.hpp"
#include "schema/time_text.hpp"
#include "store/record.hpp"
#include "tools/ppn-ledger/commands.hpp"
#include "tools/ppn-ledger/entry_reader.hpp"
#include "tools/ppn-ledger/failure.hpp"

namespace ppn::tools {

namespace {

constexpr std::chrono::milliseconds follow_interval{200};

void print_json(const ReadEntry& read) {
  auto split = store::split_record(read.record);
  auto hashes = store::hash_record(*split);
  auto document =
      schema::entry_document({{"schema", "ppn-ledger.entry.v1"},
                              {"hash", hashes.link.hex()},
                              {"leaf", hashes.leaf.hex()},
                              {"signature", split->signature.hex()}},
                             read.bytes);
  fmt::print("{}\n", schema::compact(document));
}

void print_line(const ReadEntry& read) {
  fmt::print("{}\n",
             schema::entry_line(schema::entry_document({}, read.bytes)));
}

class Shower {
 public:
  explicit Shower(const ShowOptions& options) : options_(options) {}

  int run() {
    if (auto code = read_filters(); code != exit_ok) return code;
    auto ledger = open_ledger(options_.directory);
    if (!ledger) return fail(ledger.error());
    next_ = options_.from;
    for (;;) {
      auto shown = show_once(*ledger);
      if (!shown) return fail(shown.error());
      std::fflush(stdout);
      if (!options_.follow || next_ > last()) return exit_ok;
      std::this_thread::sleep_for(follow_interval);
      if (auto fresh = ledger->refresh(); !fresh) return fail(fresh.error());
    }
  }

 private:
  int read_filters() {
    if (options_.since) {
      auto now = std::chrono::system_clock::now().time_since_epoch();
      since_ns_ = schema::parse_time_or_age(
          *options_.since,
          std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
      if (!since_ns_)
        return fail_usage("'" + *options_.since +
                          "' is neither a UTC time like "
                          "2026-11-23T10:00:00Z nor an age like 2h");
    }
    if (options_.type) {
      auto names = schema::event_names();
      auto name = std::find(names.begin(), names.end(), *options_.type);
      if (name == names.end())
        return fail_usage("there is no event type '" + *options_.type +
                          "'; there are " +
                          fmt::format("{}", fmt::join(names, ", ")));
      type_ = static_cast<schema::Event>(name - names.begin() + 1);
    }
    return exit_ok;
  }

  store::Status show_once(OpenLedger& ledger) {
    auto visit = [this](const ReadEntry& read) {
      if (read.sequence > last()) return false;
      next_ = read.sequence + 1;
      if (!wanted(*read.entry)) return true;
      options_.json ? print_json(read) : print_line(read);
      return true;
    };
    if (options_.stream)
      return read_stream(ledger, *options_.stream, next_, visit);
    return read_entries(ledger, next_, visit);
  }

  [[nodiscard]] bool wanted(const schema::Entry& entry) const {
    if (since_ns_ && entry.clock()->utc_ns() < *since_ns_) return false;
    return !type_ || entry.payload_type() == *type_;
  }

  [[nodiscard]] std::uint64_t last() const {
    return options_.to.value_or(std::numeric_limits<std::uint64_t>::max());
  }

  const ShowOptions& options_;
  std::optional<std::int64_t> since_ns_;
  std::optional<schema::Event> type_;
  std::uint64_t next_ = 0;
};

}  // namespace

int show(const ShowOptions& options) { return Shower{options}.run(); }

}  // namespace ppn::tools

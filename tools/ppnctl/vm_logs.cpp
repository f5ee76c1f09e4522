// ppnctl vm logs: what a guest said on its serial console.

#include <fmt/format.h>

#include <chrono>
#include <limits>
#include <thread>
#include <utility>

#include "tools/ppnctl/client.hpp"
#include "tools/ppnctl/fleet_find.hpp"
#include "tools/ppnctl/screen.hpp"
#include "tools/ppnctl/text.hpp"
#include "tools/ppnctl/vm_commands.hpp"
#include "tools/ppnctl/vm_documents.hpp"
#include "tools/ppnctl/vm_last_lines.hpp"
#include "tools/ppnctl/vm_log_text.hpp"

namespace ppn::ctl {

namespace {

constexpr std::chrono::milliseconds between_looks{500};

struct Page {
  schema::Json document;
  VmConsoleLog log;
};

/// The log of one guest, as ppnd hands it out.
class Source {
 public:
  Source(const Global& global, const AnyGuest& guest)
      : client_(global.socket), guest_(guest) {}

  [[nodiscard]] Result<Page> get(std::uint64_t from,
                                 std::uint64_t limit) const {
    auto document = client_.get(fmt::format("{}/console-log?from={}&limit={}",
                                            guest_.path, from, limit));
    if (!document) return document.error();
    auto log = read_console_log(*document);
    if (!log) return log.error();
    return Page{std::move(*document), std::move(*log)};
  }

 private:
  Client client_;
  const AnyGuest& guest_;
};

/// Where the last `lines` lines begin.
Result<std::uint64_t> find_last_lines(const Source& source,
                                      std::uint64_t lines) {
  // Nothing is there, so nothing has to come from another host.
  auto end = source.get(std::numeric_limits<std::uint64_t>::max(), 1);
  if (!end) return end.error();
  LastLines last{lines, end->log.size};
  while (auto piece = last.next_piece()) {
    auto page = source.get(piece->from, piece->size);
    if (!page) return page.error();
    // What was cut off since is not there any more.
    bool is_whole = page->log.from == piece->from &&
                    page->log.bytes.size() == piece->size;
    if (!is_whole) return page->log.from;
    last.take(page->log.bytes);
  }
  return last.begin();
}

std::optional<Failure> print(const Global& global, const Page& page,
                             LogText& text) {
  if (page.log.bytes.empty()) return std::nullopt;
  fmt::print("{}", global.json ? json_line(page.document) + '\n'
                               : text.take(page.log.bytes));
  return flush_output();
}

/// All that there is when this begins.
std::optional<Failure> print_rest(const Global& global, const Source& source,
                                  std::uint64_t from) {
  LogText text;
  std::optional<std::uint64_t> end;
  while (!end || from < *end) {
    auto page = source.get(from, log_bytes_max);
    if (!page) return page.error();
    if (auto failure = print(global, *page, text)) return failure;
    if (page->log.bytes.empty()) break;
    if (!end) end = page->log.size;
    from = page->log.next;
  }
  return std::nullopt;
}

/// Goes on until it is interrupted, or can not go on.
Failure print_on(const Global& global, const Source& source,
                 std::uint64_t from) {
  end_when_interrupted({});
  LogText text;
  bool is_told = false;
  for (;;) {
    auto page = source.get(from, log_bytes_max);
    if (!page && !may_come_back(page.error())) return page.error();
    if (!page && !std::exchange(is_told, true))
      say(fmt::format("ppnctl: {}; waiting for it to come back\n",
                      printable(page.error().what)));
    if (page) {
      if (std::exchange(is_told, false)) say("ppnctl: following again\n");
      if (auto failure = print(global, *page, text)) return *failure;
      // One that was begun anew is shorter.
      from = page->log.size < from ? 0 : page->log.next;
    }
    if (!page || page->log.bytes.empty())
      std::this_thread::sleep_for(between_looks);
  }
}

}  // namespace

int vm_logs(const Global& global, const VmLogsOptions& options) {
  auto guest = find_any_guest(global, options.name);
  if (!guest) return fail(guest.error());
  Source source{global, *guest};
  std::uint64_t from = 0;
  if (options.lines) {
    auto found = find_last_lines(source, *options.lines);
    if (!found) return fail(found.error());
    from = *found;
  }
  if (options.follow) return fail(print_on(global, source, from));
  auto failure = print_rest(global, source, from);
  return failure ? fail(*failure) : exit_ok;
}

}  // namespace ppn::ctl

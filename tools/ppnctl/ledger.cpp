// ppnctl ledger: the head of the ledger, and its newest entries.
#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "tools/ppnctl/client.hpp"
#include "tools/ppnctl/commands.hpp"
#include "tools/ppnctl/documents.hpp"
#include "tools/ppnctl/screen.hpp"
#include "tools/ppnctl/tail.hpp"
#include "tools/ppnctl/text.hpp"

namespace ppn::ctl {

namespace {

constexpr std::chrono::seconds between_attempts{1};

void print_entry(const Entry& entry, bool json) {
  fmt::print("{}\n", json ? json_line(entry.document) : entry.line);
}

/// Goes on until it is interrupted, or the stream can not go on.
int follow(const Global& global, std::uint64_t next) {
  end_when_interrupted({});
  Tail tail{next, [&](const Entry& entry) { print_entry(entry, global.json); }};
  bool told = false;
  for (;;) {
    auto end = Client{global.socket}.stream(
        tail.request(),
        [&] {
          if (std::exchange(told, false)) say("ppnctl: following again\n");
          tail.begin();
        },
        [&](std::string_view bytes) {
          auto failure = tail.take(bytes);
          return failure ? failure : flush_output();
        });
    if (end.is_final) return fail(end.why);
    if (!std::exchange(told, true))
      say(fmt::format("ppnctl: {}; waiting for it to come back\n",
                      printable(end.why.what)));
    std::this_thread::sleep_for(between_attempts);
  }
}

}  // namespace

int ledger_head(const Global& global) {
  auto document = Client{global.socket}.get("/v1/ledger");
  if (!document) return fail(document.error());
  auto head = read_ledger_head(*document);
  if (!head) return fail(head.error());
  if (global.json) {
    fmt::print("{}\n", json_line(*document));
    return exit_ok;
  }
  fmt::print("{}\n", columns({{"size", std::to_string(head->size)},
                              {"root", head->root}}));
  std::string_view note = head->checkpoint;
  if (note.ends_with('\n')) note.remove_suffix(1);
  for (const auto& line : split(note, '\n'))
    fmt::print("{}\n", printable(line));
  return exit_ok;
}

int ledger_tail(const Global& global, const TailOptions& options) {
  auto document = Client{global.socket}.get(
      fmt::format("/v1/ledger/entries?last={}", options.count));
  if (!document) return fail(document.error());
  auto page = read_entry_page(*document);
  if (!page) return fail(page.error());
  for (const auto& entry : page->entries) print_entry(entry, global.json);
  if (auto failure = flush_output()) return fail(*failure);
  return options.follow ? follow(global, page->next) : exit_ok;
}

}  // namespace ppn::ctl

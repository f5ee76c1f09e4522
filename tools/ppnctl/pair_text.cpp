#include "tools/ppnctl/pair_text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tools/ppnctl/text.hpp"

namespace ppn::ctl {

namespace {

using Rows = std::vector<std::vector<std::string>>;

/// Half of its digits, in groups: enough to tell it from any other.
std::string fingerprint(std::string_view key) {
  constexpr std::size_t digits = 32;
  constexpr std::size_t group = 4;
  std::string text;
  for (std::size_t i = 0; i < std::min(key.size(), digits); i += group)
    text += (i == 0 ? "" : " ") + std::string{key.substr(i, group)};
  return text;
}

std::string met_text(const char* who, const PairSession& session) {
  return columns(
      {{who, session.name.value_or("-")},
       {"node", session.node.value_or("-")},
       {"key", fingerprint(session.key.value_or("")) +
                   "  (the first 16 of its 32 bytes)"},
       {"mesh", session.mesh.value_or("-")},
       {"symbols", session.symbols.value_or("-") +
                       "  (compare these with what the other operator sees)"}});
}

std::string number_of(const PairSession& session) {
  return session.number ? std::to_string(*session.number) : "-";
}

std::string sessions_text(const std::vector<PairSession>& sessions) {
  Rows rows{{"session", "side", "phase", "left", "guesses", "with", "mesh",
             "symbols", "id", "how it ended"}};
  for (const auto& session : sessions)
    rows.push_back({number_of(session),
                    session.is_newcomer ? "newcomer" : "authority",
                    session.phase,
                    session.is_over() ? "-" : clock_words(session.seconds_left),
                    std::to_string(session.guesses), session.name.value_or("-"),
                    session.mesh.value_or("-"), session.symbols.value_or("-"),
                    session.id, session.why.value_or("-")});
  return columns(rows);
}

std::string waiting_text(const std::vector<PairWaiting>& waiting) {
  Rows rows{{"newcomer", "from", "how", "left"}};
  for (const auto& newcomer : waiting)
    rows.push_back({std::to_string(newcomer.number), newcomer.from,
                    newcomer.is_passed_on ? "passed on" : "by itself",
                    clock_words(newcomer.seconds_left)});
  return columns(rows) +
         "to admit one, with its code: ppnctl pair approve NEWCOMER CODE\n";
}

}  // namespace

std::string clock_words(std::uint64_t seconds) {
  constexpr std::uint64_t minute = 60;
  return fmt::format("{}:{:02}", seconds / minute, seconds % minute);
}

std::string code_text(const PairOffer& offer, const std::string& via,
                      bool is_terminal) {
  auto code = printable(offer.code);
  auto shown = fmt::format("{} · {}", offer.number, code);
  if (is_terminal) shown = "\033[1m" + shown + "\033[0m";
  auto from = via.empty() ? "--from ADDR " : "";
  auto condition = via.empty()
                       ? std::string{"ADDR being an address of this host"}
                       : "while ppnctl pair open holds on " + printable(via);
  return fmt::format(
      "\n    {}\n\nto be typed on the authority within {}, {}:\n"
      "  ppnctl pair approve {}{} {}\n\n",
      shown, duration_words(offer.seconds), condition, from, offer.number,
      code);
}

std::string newcomer_text(const PairSession& session) {
  return met_text("newcomer", session);
}

std::string authority_text(const PairSession& session) {
  return met_text("authority", session);
}

std::string progress_text(const PairSession& session) {
  auto left = clock_words(session.seconds_left) + " left";
  if (session.phase == "waiting") return "waits for the code, " + left;
  if (session.phase == "calling") return "calls the newcomer, " + left;
  if (session.phase == "proving") return "the code is being proved, " + left;
  if (session.phase == "met") return "the authority's operator is asked";
  if (session.phase == "admitting") return "the newcomer is being admitted";
  if (session.phase == "admitted") return "admitted; the tunnel comes up";
  return printable(session.phase);
}

std::string pairing_text(const Pairing& pairing) {
  std::string text;
  auto add = [&](const std::string& part) {
    text += (text.empty() ? "" : "\n") + part;
  };
  if (!pairing.sessions.empty()) add(sessions_text(pairing.sessions));
  if (!pairing.waiting.empty()) add(waiting_text(pairing.waiting));
  if (pairing.door_seconds_left != 0)
    add(fmt::format("newcomers may come by this member, {} left\n",
                    clock_words(pairing.door_seconds_left)));
  return text.empty() ? "no session, and nobody waits\n" : text;
}

}  // namespace ppn::ctl

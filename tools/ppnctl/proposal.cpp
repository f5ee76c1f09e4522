#include "tools/ppnctl/proposal.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tools/ppnctl/text.hpp"

namespace ppn::ctl {

namespace {

constexpr std::size_t prefix_digits_min = 4;
constexpr std::size_t id_digits = 2 * Id::size;

bool is_hex_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/// The characters are those of ASCII: the locale has no say.
char lower(char c) {
  return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

std::string proposals_text(const std::vector<Proposal>& proposals) {
  if (proposals.empty()) return "no proposal waits\n";
  std::vector<std::vector<std::string>> rows{{"proposal", "what"}};
  for (const auto& proposal : proposals) {
    auto what = proposal.plan.front();
    if (auto more = proposal.plan.size() - 1; more > 0)
      what += fmt::format(" (+{} more)", more);
    rows.push_back({proposal.id, what});
  }
  return columns(rows);
}

std::string proposal_text(const Proposal& proposal) {
  return columns({{"proposal", proposal.id}, {"change", proposal.change}}) +
         plan_text(proposal);
}

std::string plan_text(const Proposal& proposal) {
  std::string text = "a commit will:\n";
  for (const auto& line : proposal.plan) text += "  " + printable(line) + '\n';
  return text;
}

Result<std::string> read_prefix(std::string_view text) {
  std::string prefix{text};
  std::transform(prefix.begin(), prefix.end(), prefix.begin(), lower);
  bool is_prefix = prefix.size() >= prefix_digits_min &&
                   prefix.size() <= id_digits &&
                   std::all_of(prefix.begin(), prefix.end(), is_hex_digit);
  if (is_prefix) return prefix;
  return Failure{exit_usage,
                 fmt::format("'{}' is no id: that is {} hexadecimal digits, or "
                             "the first {} or more of them",
                             text, id_digits, prefix_digits_min)};
}

Result<Proposal> find_by_prefix(const std::vector<Proposal>& proposals,
                                std::string_view prefix) {
  std::vector<Proposal> found;
  std::copy_if(proposals.begin(), proposals.end(), std::back_inserter(found),
               [&](const Proposal& proposal) {
                 return proposal.id.starts_with(prefix);
               });
  if (found.empty())
    return Failure{exit_failed,
                   fmt::format("no proposal that waits begins with {}", prefix),
                   "those that wait: ppnctl proposals"};
  if (found.size() > 1)
    return Failure{exit_usage,
                   fmt::format("{} proposals begin with {}: give more digits",
                               found.size(), prefix),
                   "those that wait: ppnctl proposals"};
  return found.front();
}

}  // namespace ppn::ctl

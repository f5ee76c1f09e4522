#include "store/witness_policy.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

namespace ppn::store {

namespace {

constexpr std::string_view none = "none";

bool is_allowed(char c) {
  auto byte = static_cast<unsigned char>(c);
  return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
}

std::vector<std::string_view> words_of(std::string_view line) {
  constexpr std::string_view spaces = " \t";
  std::vector<std::string_view> words;
  for (;;) {
    auto begin = line.find_first_not_of(spaces);
    if (begin == std::string_view::npos) return words;
    line.remove_prefix(begin);
    auto word = line.substr(0, line.find_first_of(spaces));
    words.push_back(word);
    line.remove_prefix(word.size());
  }
}

std::string quoted(std::string_view word) {
  return "'" + std::string{word} + "'";
}

Error bad(std::string why) { return {ErrorCode::bad_input, std::move(why)}; }

}  // namespace

/// Takes the lines of a policy one after another.
class PolicyReader {
 public:
  using Words = std::vector<std::string_view>;

  Status take(std::string_view line) {
    if (!std::all_of(line.begin(), line.end(), is_allowed))
      return bad("it holds a control character");
    auto words = words_of(line);
    if (words.empty() || words.front().front() == '#') return {};
    auto kind = words.front();
    words.erase(words.begin());
    if (kind == "log") return take_log(words);
    if (kind == "witness") return take_witness(words);
    if (kind == "group") return take_group(words);
    if (kind == "quorum") return take_quorum(words);
    return bad(quoted(kind) + " is none of log, witness, group and quorum");
  }

  Result<WitnessPolicy> finish() {
    if (!has_quorum_) return bad("policy: it has no quorum line");
    return std::move(policy_);
  }

 private:
  Status take_log(const Words& words) {
    if (words.empty() || words.size() > 2)
      return bad("a log reads 'log KEY [URL]'");
    auto key = take_key(words[0], NoteAlgorithm::ed25519);
    if (!key) return key.error();
    policy_.logs_.push_back(std::move(*key));
    return {};
  }

  Status take_witness(const Words& words) {
    if (words.size() < 2 || words.size() > 3)
      return bad("a witness reads 'witness NAME KEY [URL]'");
    auto key = take_key(words[1], NoteAlgorithm::cosignature);
    if (!key) return key.error();
    return define({std::string{words[0]}, std::move(*key), 0, {}});
  }

  Status take_group(const Words& words) {
    if (words.size() < 3)
      return bad("a group reads 'group NAME all|any|NUMBER MEMBER...'");
    WitnessPolicy::Party group{std::string{words[0]}, {}, 0, {}};
    for (auto name : Words{words.begin() + 2, words.end()}) {
      auto member = find(name);
      if (!member) return member.error();
      auto& party = policy_.parties_[*member];
      if (std::exchange(party.has_group, true))
        return bad(quoted(name) + " is in a group already");
      group.members.push_back(*member);
    }
    auto threshold = threshold_of(words[1], group.members.size());
    if (!threshold)
      return bad(quoted(words[1]) + " is neither all nor any nor a number of " +
                 "1 to " + std::to_string(group.members.size()));
    group.threshold = *threshold;
    return define(std::move(group));
  }

  Status take_quorum(const Words& words) {
    if (words.size() != 1) return bad("a quorum reads 'quorum NAME|none'");
    if (std::exchange(has_quorum_, true)) return bad("a second quorum");
    if (words[0] == none) return {};
    auto party = find(words[0]);
    if (!party) return party.error();
    policy_.quorum_ = *party;
    return {};
  }

  Result<VerifierKey> take_key(std::string_view text, NoteAlgorithm algorithm) {
    auto key = VerifierKey::parse(text);
    if (!key) return key;
    if (key->algorithm() != algorithm)
      return bad(key->name() + (algorithm == NoteAlgorithm::ed25519
                                    ? " is a key for cosignatures, not of a log"
                                    : " is no key for cosignatures"));
    if (!keys_.insert(key->key()).second)
      return bad("the public key of " + key->name() + " is there already");
    return key;
  }

  Status define(WitnessPolicy::Party party) {
    auto place = policy_.parties_.size();
    if (party.name == none) return bad("'none' can not be defined");
    if (!places_.emplace(party.name, place).second)
      return bad(quoted(party.name) + " is defined already");
    policy_.parties_.push_back(std::move(party));
    return {};
  }

  Result<std::size_t> find(std::string_view name) const {
    auto found = places_.find(name);
    if (found == places_.end())
      return bad(quoted(name) + " is not defined before");
    return found->second;
  }

  static std::optional<std::size_t> threshold_of(std::string_view word,
                                                 std::size_t members) {
    if (word == "all") return members;
    if (word == "any") return 1;
    std::size_t number = 0;
    const char* end = word.data() + word.size();
    auto [stopped, error] = std::from_chars(word.data(), end, number);
    bool is_number = error == std::errc{} && stopped == end &&
                     word == std::to_string(number);
    if (!is_number || number < 1 || number > members) return std::nullopt;
    return number;
  }

  WitnessPolicy policy_;
  std::map<std::string, std::size_t, std::less<>> places_;
  std::set<PublicKey> keys_;
  bool has_quorum_ = false;
};

Result<WitnessPolicy> WitnessPolicy::parse(std::string_view text) {
  if (text.size() > max_policy_size) return bad("policy: larger than 64 KiB");
  PolicyReader reader;
  for (std::size_t number = 1; !text.empty(); ++number) {
    auto in_line = "policy, line " + std::to_string(number) + ": ";
    auto end = text.find('\n');
    // What was cut short may say something else.
    if (end == std::string_view::npos) return bad(in_line + "no newline");
    if (auto taken = reader.take(text.substr(0, end)); !taken)
      return bad(in_line + taken.error().message);
    text.remove_prefix(end + 1);
  }
  return reader.finish();
}

WitnessPolicy::Verdict WitnessPolicy::judge(const Note& note) const {
  Verdict verdict;
  auto counts = counted();
  std::vector<bool> vouches(parties_.size());
  for (std::size_t i = 0; i < parties_.size(); ++i) {
    const auto& party = parties_[i];
    if (!party.key) {
      auto enough = std::count_if(party.members.begin(), party.members.end(),
                                  [&](auto member) { return vouches[member]; });
      vouches[i] = static_cast<std::size_t>(enough) >= party.threshold;
      continue;
    }
    auto cosigned = verify_cosignature(note, *party.key);
    vouches[i] = cosigned.ok();
    Witness witness{party.name, *party.key};
    if (!cosigned && cosigned.error().code != ErrorCode::not_found)
      verdict.wrong.push_back(std::move(witness));
    else if (counts[i])
      (cosigned ? verdict.cosigned : verdict.missing)
          .push_back(std::move(witness));
  }
  verdict.holds = verdict.wrong.empty() && (!quorum_ || vouches[*quorum_]);
  return verdict;
}

bool WitnessPolicy::accepts_log(const VerifierKey& log) const {
  return logs_.empty() ||
         std::any_of(logs_.begin(), logs_.end(), [&](const auto& known) {
           return known.text() == log.text();
         });
}

// Members stand before their groups.
std::vector<bool> WitnessPolicy::counted() const {
  std::vector<bool> counts(parties_.size());
  if (!quorum_) return counts;
  counts[*quorum_] = true;
  for (auto i = *quorum_ + 1; i > 0; --i)
    if (counts[i - 1])
      for (auto member : parties_[i - 1].members) counts[member] = true;
  return counts;
}

}  // namespace ppn::store

#include "tests/simulation/intruders.hpp"

#include "actors/pairing_door.hpp"
#include "actors/pairing_talk.hpp"
#include "events/pairing.hpp"

namespace ppn::simulation {

namespace {

constexpr std::size_t small_crowd = 3;
constexpr std::size_t large_crowd = 1'000;
constexpr std::uint64_t crowd_comes_within_ns = 30 * second;
constexpr std::uint32_t says_it_is_good_for_s = 600;

/// An address of its own for each, where no host is.
events::IpAddress address_of(std::size_t stranger) {
  auto address = *events::IpAddress::parse("203.0.0.0");
  address.bytes[2] = static_cast<std::uint8_t>(stranger >> 8U);
  address.bytes[3] = static_cast<std::uint8_t>(stranger);
  return address;
}

}  // namespace

actors::Entropy Intruders::entropy() {
  return [this](std::span<std::uint8_t> bytes) {
    for (auto& byte : bytes)
      byte = static_cast<std::uint8_t>(scene_.random.below(256));
  };
}

void Intruders::crowd(Host& host) {
  if (!net_.is_open(host)) return;
  auto size = scene_.one_in(4) ? large_crowd : small_crowd;
  scene_.trace.note(host.index, "crowd", size);
  for (std::size_t stranger = 0; stranger < size; ++stranger)
    scene_.plan(scene_.random.below(crowd_comes_within_ns),
                [this, &host, from = address_of(stranger)] {
                  if (scene_.one_in(2))
                    pretend(host, from);
                  else
                    guess(host, from);
                });
}

// -- who pretends to wait -----------------------------------------------------

/// To an authority, by a member whose door is open.
void Intruders::pretend(Host& host, const events::IpAddress& from) {
  // It is no secret.
  auto number = ceremonies_.number_typed();
  auto talk = std::make_shared<actors::NewcomerTalk>(
      std::make_shared<const events::ShortCode>(some_code(scene_.random)),
      number, says_it_is_good_for_s, entropy());
  net_.knock(host, from, [this, &host, talk](const Bytes& message) {
    auto step = talk->take(message, entropy());
    std::vector<Bytes> said;
    if (auto* say = std::get_if<actors::PairingSay>(&step))
      said = std::move(say->messages);
    if (auto* guess = std::get_if<actors::PairingAnswerGuess>(&step)) {
      note_begun(host);
      said.push_back(std::move(guess->message));
    }
    if (talk->has_channel()) note_let_in(host);
    return said;
  });
}

/// One code that is typed is one run, however many wait for it.
void Intruders::note_begun(const Host& host) {
  begun_ += 1;
  if (begun_ > ceremonies_.codes_typed())
    scene_.violate(host, "strangers got more runs than codes were typed");
}

// -- who guesses --------------------------------------------------------------

/// At the code of a newcomer.
void Intruders::guess(Host& host, const events::IpAddress& from) {
  auto talk = std::make_shared<actors::AuthorityTalk>(entropy());
  auto connection = net_.knock(
      host, from,
      [this, &host, from, talk](const Bytes& message) -> std::vector<Bytes> {
        auto step = talk->take(message);
        if (std::holds_alternative<actors::PairingOffered>(step)) {
          auto begun = talk->begin(some_code(scene_.random), entropy());
          return begun ? std::vector<Bytes>{*begun} : std::vector<Bytes>{};
        }
        if (talk->has_channel()) note_let_in(host);
        auto* say = std::get_if<actors::PairingSay>(&step);
        if (say == nullptr) return {};
        note_answered(host, from);
        return std::move(say->messages);
      });
  if (connection) net_.send(*connection, talk->hello());
}

/// A node shows one code at a time.
void Intruders::note_answered(const Host& host, const events::IpAddress& from) {
  const auto& open = host.shadow.state().pairing.open;
  if (open.empty()) return;
  auto& answered = answered_[open.begin()->first];
  if (++answered.all > events::pairing_guesses_max)
    scene_.violate(host, "more guesses at a code were answered than five");
  if (++answered.by_source[from] > actors::door_guesses_of_one)
    scene_.violate(host, "one source had more guesses answered than two");
}

void Intruders::note_let_in(const Host& host) {
  scene_.violate(host, "a stranger was believed who does not know the code");
}

}  // namespace ppn::simulation

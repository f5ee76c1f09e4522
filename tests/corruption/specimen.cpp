#include "tests/corruption/specimen.hpp"

#include <cassert>

#include "events/state_codec.hpp"
#include "tests/support/good.hpp"

namespace ppn::tests {

Specimen::Specimen(std::uint8_t node)
    : node_(node),
      directory_{scratch_.path()},
      keys_(node),
      source_(node),
      outside_(directory_.outside_checkpoint()),
      backend_(good(store::LmdbBackend::open_for_writing(directory_))),
      ledger_(
          good(store::Ledger::found({*backend_, keys_, outside_},
                                    {"specimen", {}}, source_.next_clock()))),
      follower_(std::make_unique<StateFollower>(*backend_)),
      position_(ledger_->position()) {}

void Specimen::append(std::size_t events) {
  std::vector<store::AppendRequest> requests(events);
  for (auto& request : requests) request.push_back(source_.next());
  for (auto& answer : ledger_->append(requests, source_.next_clock()))
    good(std::move(answer));
  position_ = ledger_->position();
}

void Specimen::append(store::Event event, const store::ClockReading& clock) {
  store::AppendRequest request;
  request.push_back(std::move(event));
  good(ledger_->append(request, clock));
  position_ = ledger_->position();
}

void Specimen::rotate_key() {
  good(ledger_->rotate_key({schema::PrincipalKind::operator_, "uid/1000"},
                           source_.next_clock()));
  source_.node_stream_grew();
  position_ = ledger_->position();
}

void Specimen::write_snapshot() {
  good(ledger_->write_snapshot(events::encode(good(follower_->catch_up()))));
}

void Specimen::close() {
  good(ledger_->publish());
  follower_.reset();
  ledger_.reset();
  backend_.reset();
}

const Specimen& story() {
  static const auto specimen = [] {
    auto made = std::make_unique<Specimen>();
    made->append(story_rotation - 1);
    made->rotate_key();
    made->append(story_snapshot - story_rotation - 1);
    made->write_snapshot();
    made->append(story_size - story_snapshot);
    made->close();
    assert(made->position().head.size == story_size);
    return made;
  }();
  return *specimen;
}

const Specimen& long_story() {
  static const auto specimen = [] {
    auto made = std::make_unique<Specimen>();
    made->append(long_story_rotation - 1);
    made->rotate_key();
    made->append(long_story_size - long_story_rotation - 1);
    made->close();
    assert(made->position().head.size == long_story_size);
    return made;
  }();
  return *specimen;
}

}  // namespace ppn::tests

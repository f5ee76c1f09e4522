#include "tests/simulation/counter.hpp"

namespace ppn::simulation {

namespace {

using actors::Origin;
using Self = CounterActor::stateful_pointer<CounterState>;

constexpr const char* one_more = "+1";

/// Asks the dial what it shows, and tells it what it should.
void reconcile(Self self, const CounterParts& parts, std::uint64_t boot) {
  auto& state = self->state;
  if (state.looking || !state.aggregate.ready()) return;
  state.looking = true;
  // Who does not answer in time is asked again at the next look.
  auto given_up = [self](caf::error&) { self->state.looking = false; };
  self->request(parts.dial, dial_patience, actors::read_atom::value)
      .then(
          [=](std::uint64_t shown) {
            auto due = self->state.counter.count;
            if (shown == due) {
              self->state.looking = false;
              return;
            }
            self->request(parts.dial, dial_patience, set_atom::value, boot, due)
                .then(
                    [=](bool) {
                      self->state.looking = false;
                      // It may have counted on meanwhile.
                      if (self->state.counter.count != due)
                        reconcile(self, parts, boot);
                    },
                    given_up);
          },
          given_up);
}

caf::result<std::uint64_t> count(Self self, const Id& request,
                                 const Id& grant) {
  auto promise = self->make_response_promise<std::uint64_t>();
  Origin origin{
      {schema::PrincipalKind::actor, CounterState::name},
      store::Causation{schema::CausationKind::request, {}, 0, request},
      events::Need{grant, counter_subject, counter_resource,
                   schema::Right::invoke}};
  self->state.aggregate.command(
      std::move(origin),
      [self](const events::Moment&) {
        return decide_count(self->state.counter, counter_limit);
      },
      [self, promise](const auto& recorded) {
        actors::answer(
            promise,
            recorded ? store::Result<std::uint64_t>{self->state.counter.count}
                     : recorded.error());
      });
  return promise;
}

void look(Self self, const CounterParts& parts, std::uint64_t boot) {
  reconcile(self, parts, boot);
  if (self->state.aggregate.ready())
    self->send(parts.wire, frame_atom::value,
               Frame{parts.self, boot, self->state.counter.count});
  self->delayed_send(self, look_interval, look_atom::value);
}

}  // namespace

events::Contradiction apply(Counter& counter, const schema::Noted& event) {
  if (event.text()->string_view() != one_more)
    return "a counter only counts one on";
  counter.count += 1;
  return {};
}

events::Decision decide_count(const Counter& counter, std::uint64_t limit) {
  if (counter.count >= limit) return events::Refusal{"it can count no further"};
  schema::NotedT noted;
  noted.text = one_more;
  std::vector<events::Draft> drafts(1);
  drafts[0].stream = counter_stream;
  drafts[0].payload.Set(std::move(noted));
  return drafts;
}

CounterActor::behavior_type counter_actor(Self self, const CounterParts& parts,
                                          std::uint64_t boot) {
  self->state.aggregate.begin(
      self,
      {parts.ledger, parts.clock, [boot] { return boot; },
       [self](const schema::Entry& entry, ByteView) -> events::Contradiction {
         const auto* noted = entry.payload_as_Noted();
         if (noted == nullptr) return "it is no event of a counter";
         return apply(self->state.counter, *noted);
       },
       [=] { reconcile(self, parts, boot); }},
      counter_stream);
  self->send(self, look_atom::value);
  return {
      [=](count_atom, const Id& request, const Id& grant) {
        return count(self, request, grant);
      },
      [=](frame_atom, const Frame& frame) {
        auto& told = self->state.told[frame.from];
        told = std::max(told, frame.count);
      },
      [=](look_atom) { look(self, parts, boot); },
  };
}

}  // namespace ppn::simulation

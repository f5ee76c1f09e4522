#include "runtime/datagram_gate.hpp"

#include <utility>

namespace ppn::runtime {

bool DatagramGate::Waiting::enter(const events::IpAddress& source) {
  std::lock_guard lock{mutex};
  if (all >= datagrams_waiting_max) return false;
  auto& of_this = of_source[source];
  if (of_this >= datagrams_of_source_max) return false;
  of_this += 1;
  all += 1;
  return true;
}

void DatagramGate::Waiting::leave(const events::IpAddress& source) {
  std::lock_guard lock{mutex};
  auto of_this = of_source.find(source);
  if (--of_this->second == 0) of_source.erase(of_this);
  all -= 1;
}

actors::DatagramPtr DatagramGate::pass(actors::Datagram datagram) {
  if (!waiting_->enter(datagram.peer)) {
    dropped_ += 1;
    return nullptr;
  }
  datagram.dropped_before = std::exchange(dropped_, 0);
  auto taken = std::make_unique<const actors::Datagram>(std::move(datagram));
  return {taken.release(), [waiting = waiting_](const actors::Datagram* done) {
            waiting->leave(done->peer);
            std::default_delete<const actors::Datagram>{}(done);
          }};
}

}  // namespace ppn::runtime

// What the documents of the control API are made of, for tests.
#pragma once

#include "runtime/api_documents.hpp"

namespace ppn::tests {

inline Id id_of(std::uint8_t byte) {
  Id id;
  id.bytes.fill(byte);
  return id;
}

inline runtime::NodeReport sample_report() {
  runtime::NodeReport report;
  report.version = "1.2.3";
  report.state_dir = "/var/lib/ppn";
  report.node.id.bytes.fill(0x11);
  report.node.name = "hub";
  report.node.boot = 3;
  report.node.mode = actors::NodeMode::running;
  report.node.respawns = {{"operator_gate", 2}};
  report.ledger.head.size = 12;
  report.ledger.head.root.bytes.fill(0x22);
  report.ledger.checkpoint = "a note\n";
  report.uptime_seconds = 60;
  report.proposals = 1;
  return report;
}

inline actors::Proposal sample_grant() {
  events::GrantWish wish;
  wish.grant = id_of(0x44);
  wish.subject = "node/2";
  wish.resource = "vm/1";
  wish.rights = schema::Right::read | schema::Right::invoke;
  return {id_of(0x33), wish, {"grant it"}};
}

}  // namespace ppn::tests

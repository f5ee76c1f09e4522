// The commands of ppnctl: what each can be told. Each returns what the program
// exits with.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "runtime/control_api.hpp"

namespace ppn::ctl {

/// What every command can be told.
struct Global {
  std::string socket{api::default_socket};
  bool json = false;
  bool watch = false;
};

int status(const Global& global);
int doctor(const Global& global);
int ledger_head(const Global& global);

struct TailOptions {
  std::uint64_t count = 10;
  bool follow = false;
};
int ledger_tail(const Global& global, const TailOptions& options);

int grants(const Global& global);

int proposals(const Global& global);

struct ProposalOptions {
  /// Or how it begins.
  std::string id;
  bool yes = false;
};
int show_proposal(const Global& global, const ProposalOptions& options);
int commit(const Global& global, const ProposalOptions& options);
int reject(const Global& global, const ProposalOptions& options);

/// How a new proposal goes on.
struct Consent {
  bool propose = false;
  bool yes = false;
};

struct GrantOptions {
  std::string subject;
  std::string resource;
  std::string rights;
  std::optional<std::string> duration;
  std::optional<std::string> parent;
  Consent consent;
};
int grant(const Global& global, const GrantOptions& options);

struct RevokeOptions {
  std::string grant;
  std::string reason;
  Consent consent;
};
int revoke(const Global& global, const RevokeOptions& options);

}  // namespace ppn::ctl

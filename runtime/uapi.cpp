#include "runtime/uapi.hpp"

#include <sodium.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <iterator>

#include "store/secret_files.hpp"

namespace ppn::runtime {

using events::IpRange;
using events::PeerChange;
using events::TunnelKey;
using store::Error;
using store::ErrorCode;

namespace {

// -- requests -----------------------------------------------------------------

void add_hex(SecretText& text, ByteView bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  for (auto byte : bytes) {
    text += digits[byte >> 4U];
    text += digits[byte & 15U];
  }
}

void add_line(SecretText& text, std::string_view name, std::string_view value) {
  text += name;
  text += '=';
  text += value;
  text += '\n';
}

void add_key(SecretText& text, std::string_view name, ByteView key) {
  text += name;
  text += '=';
  add_hex(text, key);
  text += '\n';
}

void add_allowed(SecretText& text, const std::vector<IpRange>& allowed) {
  for (const auto& range : allowed) add_line(text, "allowed_ip", range.text());
}

/// Zeros take away what there is.
void add_preshared(SecretText& text, const Hash& hash,
                   const PresharedSecrets& preshared) {
  static constexpr std::array<std::uint8_t, TunnelKeys::Secret::extent> none{};
  auto secret = preshared.find(hash);
  add_key(text, "preshared_key",
          secret == preshared.end()
              ? ByteView{none}
              : ByteView{secret->second.get(), none.size()});
}

void add_peer(SecretText& text, const PeerChange& peer,
              const PresharedSecrets& preshared) {
  add_key(text, "public_key", peer.key.view());
  if (peer.remove) {
    add_line(text, "remove", "true");
    return;
  }
  if (peer.preshared) add_preshared(text, *peer.preshared, preshared);
  if (peer.endpoint) add_line(text, "endpoint", peer.endpoint->text());
  if (peer.keepalive_seconds)
    add_line(text, "persistent_keepalive_interval",
             std::to_string(*peer.keepalive_seconds));
  if (peer.replace) add_line(text, "replace_allowed_ips", "true");
  add_allowed(text, peer.replace ? *peer.replace : peer.allow);
}

/// All that a peer is to have: what it has, changed.
PeerChange addition(const PeerChange& change, const events::PeerConfig& there) {
  PeerChange added;
  added.key = change.key;
  added.add = true;
  added.endpoint = change.endpoint ? change.endpoint : there.endpoint;
  added.keepalive_seconds =
      change.keepalive_seconds.value_or(there.keepalive_seconds);
  if (auto shared = change.preshared.value_or(there.preshared);
      shared != Hash{})
    added.preshared = shared;
  std::set_difference(there.allowed.begin(), there.allowed.end(),
                      change.disallow.begin(), change.disallow.end(),
                      std::back_inserter(added.allow));
  added.allow.insert(added.allow.end(), change.allow.begin(),
                     change.allow.end());
  return added;
}

// -- replies ------------------------------------------------------------------

/// No line that means something to us is as long.
constexpr std::size_t line_max = 200;

constexpr std::int64_t second_ns = 1'000'000'000;
/// Some 285 years: what is later does not count in nanoseconds.
constexpr std::int64_t seconds_max = 9'000'000'000;

/// A whole number in decimal; nothing if it is none, or does not fit.
template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number = 0;
  const auto* end = text.data() + text.size();
  auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || rest != end) return std::nullopt;
  return number;
}

/// Takes a whole number into `into`.
template <class Number>
bool take_number(std::string_view text, Number& into) {
  auto number = parse_number<Number>(text);
  if (number) into = *number;
  return number.has_value();
}

struct Line {
  std::string_view name;
  std::string_view value;
};

/// Hands out a reply line by line, up to its result.
class Lines {
 public:
  explicit Lines(std::string_view reply) : rest_(reply) {}

  /// Nothing at the end: then all was in order, or `error` says what was not.
  std::optional<Line> next() {
    auto end = rest_.find('\n');
    if (end == std::string_view::npos)
      return fail("the answer ends before its result");
    ++number_;
    auto text = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    auto equals = text.find('=');
    if (end > line_max || equals == std::string_view::npos)
      return fail("this is no NAME=VALUE");
    Line line{text.substr(0, equals), text.substr(equals + 1)};
    if (line.name != "errno") return line;
    finish(line.value);
    return std::nullopt;
  }

  /// Values are not quoted: one may be a key.
  std::optional<Line> fail(const std::string& why) {
    error_ = Error{ErrorCode::bad_input,
                   "line " + std::to_string(number_) + ": " + why};
    return std::nullopt;
  }

  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

 private:
  void finish(std::string_view value) {
    auto code = parse_number<std::int32_t>(value);
    if (!code)
      fail("errno is no number");
    else if (rest_ != "\n")
      fail("the answer goes on behind its result");
    else if (*code != 0)
      error_ = refusal(*code);
  }

  /// wireguard-go has errors below zero, boringtun above.
  static Error refusal(std::int64_t code) {
    constexpr std::int64_t unknown_to_wireguard_go = -55;
    auto message = "it was refused with errno " + std::to_string(code);
    if (code != unknown_to_wireguard_go)
      message +=
          std::string{": "} + std::strerror(static_cast<int>(std::abs(code)));
    return {ErrorCode::bad_input, message};
  }

  std::string_view rest_;
  std::size_t number_ = 0;
  std::optional<Error> error_;
};

/// Null if it is none.
store::SecretBytes secret_of(std::string_view hex) {
  // Not by from_hex, which wipes nothing.
  auto secret = store::allocate_secret(TunnelKeys::Secret::extent);
  std::size_t size = 0;
  bool valid = sodium_hex2bin(secret.get(), TunnelKeys::Secret::extent,
                              hex.data(), hex.size(), nullptr, &size,
                              nullptr) == 0 &&
               size == TunnelKeys::Secret::extent;
  return valid ? std::move(secret) : nullptr;
}

std::optional<TunnelKey> half_of(std::string_view secret_hex) {
  auto secret = secret_of(secret_hex);
  if (!secret) return std::nullopt;
  return public_half(
      TunnelKeys::Secret{secret.get(), TunnelKeys::Secret::extent});
}

bool take_preshared(std::string_view secret_hex, Hash& into) {
  auto secret = secret_of(secret_hex);
  if (!secret) return false;
  into = preshared_in(
      TunnelKeys::Secret{secret.get(), TunnelKeys::Secret::extent});
  return true;
}

/// What came from an address of one link alone has the name of that behind a
/// percent sign. Nothing can be sent to port 0, but it can be sent from there.
bool take_endpoint(std::string_view text,
                   std::optional<events::Endpoint>& into) {
  if (text.ends_with(":0")) return true;
  std::string whole{text};
  auto zone = whole.find('%');
  auto bracket = whole.find(']');
  if (zone < bracket && bracket != std::string::npos)
    whole.erase(zone, bracket - zone);
  into = events::Endpoint::parse(whole);
  return into.has_value();
}

bool take_allowed(std::string_view text, std::vector<IpRange>& into) {
  auto range = IpRange::parse(text);
  if (range) into.push_back(range->first());
  return range.has_value();
}

class ReplyParser {
 public:
  ReplyParser(std::string_view text, std::int64_t utc_ns)
      : lines_(text), utc_ns_(utc_ns) {}

  store::Result<UapiReply> parse() {
    while (auto line = lines_.next()) {
      bool good = line->name == "public_key" ? begin_peer(line->value)
                  : peer_ != nullptr         ? take_of_peer(*line)
                                             : take_of_device(*line);
      if (!good)
        lines_.fail(std::string{line->name.substr(0, 40)} + " is wrong");
      if (lines_.error()) break;
    }
    if (!lines_.error()) end_peer();
    if (lines_.error()) return *lines_.error();
    return std::move(reply_);
  }

 private:
  bool take_of_device(const Line& line) {
    auto& device = reply_.device;
    if (line.name == "private_key") {
      reply_.dialect = UapiDialect::wireguard_go;
      device.key = half_of(line.value);
      return device.key.has_value();
    }
    if (line.name == "own_public_key") {
      reply_.dialect = UapiDialect::boringtun;
      device.key = TunnelKey::parse_hex(line.value);
      return device.key.has_value();
    }
    if (line.name == "listen_port")
      return take_number(line.value, device.listen_port);
    return true;
  }

  bool begin_peer(std::string_view value) {
    end_peer();
    auto key = TunnelKey::parse_hex(value);
    if (!key || reply_.device.peers.size() == uapi_peers_max) return false;
    auto [place, is_new] = reply_.device.peers.try_emplace(*key);
    peer_ = &place->second;
    return is_new;
  }

  bool take_of_peer(const Line& line) {
    auto& config = peer_->config;
    if (line.name == "preshared_key")
      return take_preshared(line.value, config.preshared);
    if (line.name == "endpoint")
      return take_endpoint(line.value, config.endpoint);
    if (line.name == "persistent_keepalive_interval")
      return take_number(line.value, config.keepalive_seconds);
    if (line.name == "allowed_ip")
      return take_allowed(line.value, config.allowed);
    if (line.name == "last_handshake_time_sec")
      return take_number(line.value, handshake_.seconds) &&
             handshake_.seconds >= 0 && handshake_.seconds <= seconds_max;
    if (line.name == "last_handshake_time_nsec")
      return take_number(line.value, handshake_.nanoseconds) &&
             handshake_.nanoseconds >= 0 && handshake_.nanoseconds < second_ns;
    if (line.name == "rx_bytes")
      return take_number(line.value, peer_->received_bytes);
    if (line.name == "tx_bytes")
      return take_number(line.value, peer_->sent_bytes);
    return true;
  }

  void end_peer() {
    if (peer_ == nullptr) return;
    auto& allowed = peer_->config.allowed;
    std::sort(allowed.begin(), allowed.end());
    allowed.erase(std::unique(allowed.begin(), allowed.end()), allowed.end());
    auto told_ns = handshake_.seconds * second_ns + handshake_.nanoseconds;
    bool is_age = told_ns != 0 && reply_.dialect == UapiDialect::boringtun;
    peer_->last_handshake_ns =
        is_age ? std::max<std::int64_t>(utc_ns_ - told_ns, 0) : told_ns;
    handshake_ = {};
  }

  struct Handshake {
    std::int64_t seconds = 0;
    std::int64_t nanoseconds = 0;
  };

  Lines lines_;
  std::int64_t utc_ns_;
  UapiReply reply_;
  events::ObservedPeer* peer_ = nullptr;
  Handshake handshake_;
};

}  // namespace

store::Result<UapiReply> parse_uapi_reply(std::string_view reply,
                                          std::int64_t utc_ns) {
  return ReplyParser{reply, utc_ns}.parse();
}

store::Status parse_uapi_result(std::string_view reply) {
  Lines lines{reply};
  if (lines.next()) return Error{ErrorCode::bad_input, "line 1: no errno"};
  if (lines.error()) return *lines.error();
  return {};
}

SecretText uapi_set(const events::DeviceChange& change,
                    std::optional<TunnelKeys::Secret> secret,
                    const PresharedSecrets& preshared) {
  SecretText lines;
  if (secret) add_key(lines, "private_key", *secret);
  if (change.listen_port)
    add_line(lines, "listen_port", std::to_string(*change.listen_port));
  for (const auto& peer : change.peers) add_peer(lines, peer, preshared);
  if (lines.empty()) return lines;
  return "set=1\n" + lines + '\n';
}

std::vector<PeerChange> with_peers_added_again(
    const std::vector<PeerChange>& changes,
    const std::map<TunnelKey, events::ObservedPeer>& peers) {
  std::vector<PeerChange> possible;
  for (const auto& change : changes) {
    auto there = peers.find(change.key);
    if (change.remove || there == peers.end()) {
      possible.push_back(change);
      continue;
    }
    PeerChange removal;
    removal.key = change.key;
    removal.remove = true;
    possible.push_back(std::move(removal));
    possible.push_back(addition(change, there->second.config));
  }
  return possible;
}

}  // namespace ppn::runtime

// The commands of ppnctl that are about guests and images: what each can be
// told. Each returns what the program exits with.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tools/ppnctl/commands.hpp"

namespace ppn::ctl {

/// What of a guest can be changed, as it is written; what is absent stays as it
/// is, or is what its kind has.
struct VmSettings {
  std::optional<std::uint64_t> vcpus;
  std::optional<std::string> memory;
  std::optional<std::string> floor;
  std::optional<std::uint64_t> weight;
  std::optional<std::string> restart;
  /// All of them.
  std::vector<std::string> forwards;
  bool no_forwards = false;
  bool autostart = false;
  bool no_autostart = false;
};

/// Of a guest that the controller finds a host for.
struct VmFleetOptions {
  /// It does.
  bool is_meant = false;
  std::optional<std::string> owner;
  std::vector<std::string> labels;
  /// Labels of other guests.
  std::vector<std::string> near;
  std::vector<std::string> apart;
  bool prefers_accelerator = false;
};

struct VmCreateOptions {
  std::string name;
  std::string kind = "plain";
  VmSettings settings;
  std::vector<std::string> disks;
  /// Images.
  std::optional<std::string> kernel;
  std::optional<std::string> initrd;
  std::optional<std::string> append;
  std::optional<std::string> bridge;
  /// Has what cloud-init is told; `-` is standard input.
  std::optional<std::string> user_data;
  std::optional<std::string> node;
  VmFleetOptions fleet;
  bool no_start = false;
  /// The program ends once it is committed.
  bool no_wait = false;
  Consent consent;
};
int vm_create(const Global& global, const VmCreateOptions& options);

struct VmSetOptions {
  /// NAME, or NODE/NAME, here and below.
  std::string name;
  VmSettings settings;
  Consent consent;
};
int vm_set(const Global& global, const VmSetOptions& options);

struct VmDeleteOptions {
  std::string name;
  /// Although it runs.
  bool force = false;
  bool no_wait = false;
  Consent consent;
};
int vm_delete(const Global& global, const VmDeleteOptions& options);

struct VmAdoptOptions {
  /// None: those that could be are listed.
  std::optional<std::string> name;
  Consent consent;
};
int vm_adopt(const Global& global, const VmAdoptOptions& options);

enum class VmVerb : std::uint8_t { start, stop, pause, resume, reset };
const char* name_of(VmVerb verb);

struct VmCommandOptions {
  std::vector<std::string> names;
  /// Of a stop: without asking the guest.
  bool force = false;
  bool no_wait = false;
};
int vm_command(const Global& global, VmVerb verb,
               const VmCommandOptions& options);

int vm_list(const Global& global);

struct VmNameOptions {
  std::string name;
};
int vm_show(const Global& global, const VmNameOptions& options);
int vm_console(const Global& global, const VmNameOptions& options);

struct VmLogsOptions {
  std::string name;
  bool follow = false;
  /// Only the last ones.
  std::optional<std::uint64_t> lines;
};
int vm_logs(const Global& global, const VmLogsOptions& options);

int pool(const Global& global);

struct ImageAddOptions {
  std::string file;
  std::optional<std::string> name;
};
int image_add(const Global& global, const ImageAddOptions& options);

int image_list(const Global& global);

struct ImageRemoveOptions {
  std::string image;
  Consent consent;
};
int image_remove(const Global& global, const ImageRemoveOptions& options);

}  // namespace ppn::ctl

# What is installed, and the Debian package that `tools/package` makes of it.
set(package_files ${CMAKE_SOURCE_DIR}/runtime/package)

install(TARGETS ppnd RUNTIME DESTINATION sbin)
install(TARGETS ppnctl ppn-ledger RUNTIME DESTINATION bin)
install(TARGETS ppn-keeper RUNTIME DESTINATION lib/ppn)
install(FILES ${package_files}/ppnd.service DESTINATION lib/systemd/system)
install(FILES ${package_files}/guests.conf DESTINATION share/ppn)
install(FILES ${package_files}/ppn.sysusers DESTINATION lib/sysusers.d
  RENAME ppn.conf)
install(FILES ${package_files}/ppn.tmpfiles DESTINATION lib/tmpfiles.d
  RENAME ppn.conf)
install(FILES ${package_files}/ppnd.toml.example DESTINATION /etc/ppn
  RENAME ppnd.toml)

set(completions
  bash=bash-completion/completions/ppnctl
  zsh=zsh/vendor-completions/_ppnctl
  fish=fish/vendor_completions.d/ppnctl.fish)
foreach(completion IN LISTS completions)
  string(REGEX MATCH "^(.*)=(.*)/(.*)$" all ${completion})
  set(script ${CMAKE_BINARY_DIR}/completions/${CMAKE_MATCH_2}/${CMAKE_MATCH_3})
  install(CODE "
    file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/completions/${CMAKE_MATCH_2})
    execute_process(OUTPUT_FILE ${script} COMMAND_ERROR_IS_FATAL ANY
      COMMAND $<TARGET_FILE:ppnctl> completion ${CMAKE_MATCH_1})")
  install(FILES ${script} DESTINATION share/${CMAKE_MATCH_2})
endforeach()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME ppn)
set(CPACK_PACKAGE_CONTACT "ppn <root@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY
  "node of a private mesh and its virtual machines")
set(CPACK_PACKAGE_DESCRIPTION
  "A private mesh and its virtual machines, on the operator's own hardware.
Every change of state is a signed event in a write-once ledger, and the
running system is the replay of it. No cloud account, no certificate
authority, no control plane that can lock the owner out.
.
ppnd is the daemon of a node, ppnctl its command line, and ppn-ledger
checks, shows and proves its ledger.")
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE
  GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# For systemd-sysusers and systemd-tmpfiles; who has no systemd starts the daemon
# by other means.
set(CPACK_DEBIAN_PACKAGE_DEPENDS "systemd | systemd-standalone-sysusers, \
systemd | systemd-standalone-tmpfiles")
# For kernels without WireGuard.
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS wireguard-go)
# For hosts of guests.
set(CPACK_DEBIAN_PACKAGE_SUGGESTS
  "qemu-system-x86 | qemu-system-arm, qemu-utils, dbus")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${package_files}/conffiles ${package_files}/postinst
  ${package_files}/prerm ${package_files}/postrm)
include(CPack)

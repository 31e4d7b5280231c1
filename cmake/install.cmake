# Where Debian expects things; `./dev package` makes a .deb of it. Nothing here starts or enables a service.

set(WEFT_CNI_DIR lib/cni)  # Debian's folder of CNI plug-ins
set(WEFT_UNIT_DIR lib/systemd/system)

if(TARGET weft)
  install(TARGETS weft RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  # Called by this name it is calicoctl.
  install(CODE [[
    file(CREATE_LINK weft $ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}/bin/calicoctl SYMBOLIC)
  ]])
endif()
if(TARGET weft-cni AND TARGET weft-ipam)
  install(TARGETS weft-cni weft-ipam RUNTIME DESTINATION ${WEFT_CNI_DIR})
  # The same programs under the names that network configurations written for Calico use.
  install(CODE [[
    foreach(pair calico:weft-cni calico-ipam:weft-ipam)
      string(REPLACE ":" ";" pair ${pair})
      list(GET pair 0 link)
      list(GET pair 1 program)
      file(CREATE_LINK ${program} $ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}/lib/cni/${link} SYMBOLIC)
    endforeach()
  ]])
endif()

file(GLOB units ${CMAKE_SOURCE_DIR}/packaging/systemd/*.service)
install(FILES ${units} DESTINATION ${WEFT_UNIT_DIR})
install(FILES ${CMAKE_SOURCE_DIR}/packaging/weft.env DESTINATION ${CMAKE_INSTALL_FULL_SYSCONFDIR}/weft)
if(TARGET weft)
  # Written by the program itself, see src/cmd.
  install(FILES ${CMAKE_BINARY_DIR}/weft.bash
          DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME weft)
  install(FILES ${CMAKE_BINARY_DIR}/weft.zsh DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions RENAME _weft)
  install(FILES ${CMAKE_BINARY_DIR}/weft.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
  install(DIRECTORY ${CMAKE_BINARY_DIR}/man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 FILES_MATCHING PATTERN "*.1")
endif()
if(EXISTS ${CMAKE_SOURCE_DIR}/templates)
  install(DIRECTORY ${CMAKE_SOURCE_DIR}/templates/ DESTINATION ${CMAKE_INSTALL_DATADIR}/weft
          PATTERN README.md EXCLUDE)
endif()
install(FILES ${CMAKE_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME weft)
set(CPACK_PACKAGE_VENDOR "The Weft authors")
set(CPACK_PACKAGE_CONTACT "The Weft authors <weft@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY ${PROJECT_DESCRIPTION})
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "bird2, iproute2")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "nftables, conntrack")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "etcd-server, etcd-client")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${CMAKE_SOURCE_DIR}/packaging/conffiles)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)

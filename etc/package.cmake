# The Debian package: cmake --preset package && cmake --build --preset package
set(VIDEO_MAINTAINER "The videod authors <videod@users.noreply.github.com>" CACHE STRING "Maintainer of the package")
set(debian ${PROJECT_SOURCE_DIR}/etc/debian)

# A package of a later release of Debian is an upgrade of one of an earlier.
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
if(EXISTS /etc/os-release)
  file(STRINGS /etc/os-release release REGEX "^VERSION_ID=")
  string(REGEX REPLACE "[^0-9.]" "" release "${release}")
  if(release)
    set(CPACK_DEBIAN_PACKAGE_RELEASE "1~deb${release}")
  endif()
endif()

# With SOURCE_DATE_EPOCH, two builds have the same date.
string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)
set(DEBIAN_CHANGELOG ${PROJECT_BINARY_DIR}/generated/changelog.Debian)
file(WRITE ${DEBIAN_CHANGELOG} "videod (${PROJECT_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}) stable; urgency=medium

  * See changelog.gz for what is new.

 -- ${VIDEO_MAINTAINER}  ${date}
")

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME videod)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "${VIDEO_MAINTAINER}")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "video server in one program")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"People register, upload videos, watch them and comment on them, in the
browser and through an HTTP API. Everything is kept in one directory: an
SQLite database and plain files.

This package has the server (videod) and the program to work with it at a
terminal (videoctl). For pictures of videos and forms of them that every
browser plays, install ffmpeg.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
# The configuration is outside of the prefix.
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
string(CONCAT CPACK_DEBIAN_PACKAGE_DEPENDS "init-system-helpers (>= 1.54), "
  "systemd | systemd-standalone-sysusers, systemd | systemd-standalone-tmpfiles")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS ffmpeg)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "nginx | caddy")
file(WRITE ${PROJECT_BINARY_DIR}/generated/conffiles "/etc/videod.toml\n")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${debian}/preinst ${debian}/postinst ${debian}/prerm ${debian}/postrm ${PROJECT_BINARY_DIR}/generated/conffiles)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION TRUE)
include(CPack)

# Settings of the HDF5 library that is built with icefold, beside those of the crate that builds it.
#
# The library would look for plug-ins in the folder in which it was built, which anyone may make on another
# machine, and every binary would name that folder. The place that remains is that of HDF5's own installer,
# and icefold looks there only if it is told to.
set(H5_DEFAULT_PLUGINDIR "/usr/local/hdf5/lib/plugin")

# A summary of the configuration becomes part of the library, with folders of the machine that built it.
function(icefold_hide_folders)
  set(summary "${CMAKE_BINARY_DIR}/src/H5build_settings.c")
  if (EXISTS "${summary}")
    file(READ "${summary}" text)
    string(REPLACE "${CMAKE_BINARY_DIR}" "build" text "${text}")
    string(REPLACE "${CMAKE_INSTALL_PREFIX}" "install" text "${text}")
    file(WRITE "${summary}" "${text}")
  endif()
endfunction()
cmake_language(DEFER CALL icefold_hide_folders)

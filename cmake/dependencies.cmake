# SPDX-License-Identifier: MPL-2.0
# Everything that is not ours, in one place. Debian's packages; static archives for DBAAS_STATIC.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(nlohmann_json REQUIRED)
if(DBAAS_STATIC)
  set(CMAKE_FIND_LIBRARY_SUFFIXES .a)
  set(OPENSSL_USE_STATIC_LIBS ON)
  # The linker warns of functions that load shared libraries at run time (dlopen, getaddrinfo ...). They come from
  # parts of OpenSSL, gRPC and c-ares that we do not reach: gRPC listens on a unix socket, and curl asks c-ares.
  add_link_options(-static -Wl,--no-warnings)
  # Which archive every part of a binary came from: packaging/components.py makes the list of licences from it.
  add_link_options(-Wl,-Map=$<TARGET_FILE:$<TARGET_PROPERTY:NAME>>.map)
endif()
find_package(OpenSSL REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
# Debian has both as shared libraries only; for a static binary their headers bring the sources along.
add_library(dbaas_log INTERFACE)
if(DBAAS_STATIC)
  target_link_libraries(dbaas_log INTERFACE fmt::fmt-header-only)
else()
  target_link_libraries(dbaas_log INTERFACE spdlog::spdlog fmt::fmt)
endif()
find_package(Protobuf REQUIRED)
find_package(CLI11 REQUIRED)

# gRPC's pkg-config file is the one description that lists its static dependencies too. Our messages
# use protobuf's lite runtime: half the code, and nothing to register at start.
pkg_check_modules(GRPC REQUIRED IMPORTED_TARGET grpc++)
find_program(GRPC_CPP_PLUGIN grpc_cpp_plugin REQUIRED)
add_library(dbaas_grpc INTERFACE)
target_compile_definitions(dbaas_grpc INTERFACE GRPC_USE_PROTO_LITE)
if(DBAAS_STATIC)
  target_link_libraries(dbaas_grpc INTERFACE ${GRPC_STATIC_LDFLAGS} protobuf::libprotobuf-lite)
else()
  target_link_libraries(dbaas_grpc INTERFACE PkgConfig::GRPC protobuf::libprotobuf-lite)
endif()

add_library(dbaas_curl INTERFACE)
if(DBAAS_CURL_PREFIX)
  target_include_directories(dbaas_curl BEFORE INTERFACE ${DBAAS_CURL_PREFIX}/include)
  target_link_libraries(dbaas_curl INTERFACE ${DBAAS_CURL_PREFIX}/lib/libcurl.a cares
    OpenSSL::SSL OpenSSL::Crypto z)
else()
  find_package(CURL REQUIRED)
  target_link_libraries(dbaas_curl INTERFACE CURL::libcurl)
endif()

# For kubeconfig files. Its archive has no dependencies, so the suffix above decides between the two.
find_path(DBAAS_YAML_INCLUDE yaml-cpp/yaml.h REQUIRED)
find_library(DBAAS_YAML_LIBRARY yaml-cpp REQUIRED)
add_library(dbaas_yaml INTERFACE)
target_include_directories(dbaas_yaml SYSTEM INTERFACE ${DBAAS_YAML_INCLUDE})
target_link_libraries(dbaas_yaml INTERFACE ${DBAAS_YAML_LIBRARY})

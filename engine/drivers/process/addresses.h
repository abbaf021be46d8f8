// SPDX-License-Identifier: MPL-2.0
//
// An address of its own for every instance: 127.a.b.c, all of which the kernel answers on the
// loopback device without being asked to. So every instance keeps the ports that its programs are
// known by. a.b follows from the directory's name, so that two process hosts of one machine do not
// meet; c is counted. An address belongs to its instance's name for as long as the cluster is
// there, because others keep it in their files. Called by instances.cc and process_driver.cc.
// Source: RFC 1122, 3.2.1.3 (g); Linux routes 127.0.0.0/8 to `lo` (ip route show table local).
#pragma once

#include <string>

#include "engine/base/result.h"
#include "engine/drivers/process/store.h"

namespace dbaas::process {

/// The instance's address, chosen now if it has none. It need not exist yet.
Result<std::string> AddressFor(const Store& store, const std::string& instance);

/// Gives back the addresses of clusters that are gone. REQUIRES: the store's lock.
Result<void> FreeAddresses(const Store& store);

}  // namespace dbaas::process

// SPDX-License-Identifier: MPL-2.0
#include "engine/base/listening_ports.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <string>

namespace dbaas {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(ListeningPortsTest, OnlyListenersCountAndBothTablesAreUnderstood) {
  std::set<int> ports;
  ReadListeningPorts(
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
      "   0: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000   999\n"
      "   1: 0100007F:D431 0100007F:1538 01 00000000:00000000 00:00000000 00000000     0\n",
      ports);
  ReadListeningPorts(
      "   0: 00000000000000000000000001000000:0050 "
      "00000000000000000000000000000000:0000 0A 00000000:00000000\n",
      ports);
  EXPECT_THAT(ports, ElementsAre(80, 5432));
}

TEST(ListeningPortsTest, NonsenseIsNothing) {
  std::set<int> ports;
  ReadListeningPorts("a b c 0A\n\n0: x:zz y:0 0A\n0: 0100007F: 0 0A", ports);
  EXPECT_THAT(ports, IsEmpty());
}

TEST(ListeningPortsTest, APortThatWeListenOnIsSeen) {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(listen(listener, 1), 0);
  socklen_t length = sizeof(address);
  ASSERT_EQ(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length), 0);
  const int port = ntohs(address.sin_port);
  EXPECT_THAT(ListeningPorts(), Contains(port));

  // Both ways say so, where they are open.
  if (const auto asked = AskForListeningPorts()) {
    EXPECT_THAT(*asked, Contains(port));
  }
  std::set<int> read;
  std::ifstream file("/proc/net/tcp");
  ReadListeningPorts(std::string{std::istreambuf_iterator<char>(file), {}}, read);
  EXPECT_THAT(read, Contains(port));
  close(listener);
}

}  // namespace
}  // namespace dbaas

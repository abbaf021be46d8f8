// SPDX-License-Identifier: MPL-2.0
//
// CuttingProxy: stands between a driver and a real Docker engine, both on unix sockets, and goes
// silent for ever at the n-th request: before the engine got it, or after the engine did it and
// before the answer came back. For the driver that is a process which dies, or a network that
// fails, at the worst moments there are.
//
//   CuttingProxy proxy("/var/run/docker.sock");
//   proxy.CutAt(3, CuttingProxy::Side::kAfter);
//   driver over proxy.endpoint() ...
//
// Threading: one thread per connection; CutAt before the driver uses it.
#pragma once

#include <atomic>
#include <list>
#include <mutex>
#include <string>
#include <thread>

namespace dbaas::docker {

class CuttingProxy {
 public:
  enum class Side { kBefore, kAfter };

  explicit CuttingProxy(std::string engine_socket);
  ~CuttingProxy();

  /// The n-th request from now is the last one, counted from 1. Makes the proxy work again.
  void CutAt(int request, Side side);
  bool was_cut() const { return cut_; }
  std::string endpoint() const { return "unix://" + path_; }

 private:
  void Accept();
  void Serve(int client);

  const std::string engine_socket_;
  std::string path_;
  int listener_ = -1;
  std::atomic<int> left_ = 0;
  std::atomic<bool> after_ = false;
  std::atomic<bool> cut_ = false;
  std::mutex mutex_;
  std::list<int> sockets_;
  std::list<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace dbaas::docker

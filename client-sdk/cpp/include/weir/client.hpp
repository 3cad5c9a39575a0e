// All of the C++ client that a program includes:
//
//   weir/client/client.hpp       the relay for programs that edit documents
//   weir/client/coroutine.hpp    the same for coroutines
//   weir/client/store.hpp        what could not be sent yet survives the process
//   weir/client/encryption.hpp   a document's keys
//   weir/client/snapshotter.hpp  an application's part in snapshots
//   weir/client/relay.hpp        calls that wait for their answer, for tools and jobs
//
// docs/cpp-sdk.md is a tutorial.
//
// Threads: as each of them says.
#pragma once

#include "weir/client/client.hpp"
#include "weir/client/coroutine.hpp"
#include "weir/client/relay.hpp"
#include "weir/client/snapshotter.hpp"

# For node-gyp in a checkout. It does not ship: with a lockfile, npm compiles whatever has this file.
{ 'targets': [{ 'target_name': 'sockman', 'includes': ['native/sockman.gypi'] }] }

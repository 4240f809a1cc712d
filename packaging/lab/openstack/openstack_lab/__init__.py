"""A working OpenStack on one Debian machine, brought up and taken down by one program; the standard library only.

Everything of the lab is below one directory, and every process of it in one room: a mount and a network namespace of their own. Whatever
happens to the program, what is in the room can be found and ended; the kernel takes its mounts and interfaces away with the last process.
"""

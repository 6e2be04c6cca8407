"""DaVinci Resolve, 18 to 21: short scripts that submit and leave, and collect later."""

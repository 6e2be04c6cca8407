"""`lite`: a small recurrent network, trained on procedural pictures only.

    motion    DIS flow between consecutive frames, searched at 128 px at most, and where it holds;
              known pixels follow it into holes, what remains is made up
    network   the restorer and the chroma network, which follow that motion

The restorer itself enters the table of restorers together with its weights.
"""

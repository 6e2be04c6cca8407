class MediaLinkingPolicy:
    DoNotLinkMedia: str

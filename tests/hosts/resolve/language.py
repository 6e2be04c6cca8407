"""What Resolve says in the user's language.

"Finalizado" and "Завершено" are what users of the Spanish and the Russian edition reported; the
others stand for their languages.
"""

STATUS = {
    "en": ("Ready", "Rendering", "Complete", "Failed", "Cancelled"),
    "de": ("Bereit", "Rendern", "Abgeschlossen", "Fehlgeschlagen", "Abgebrochen"),
    "es": ("Listo", "Renderizando", "Finalizado", "Error", "Cancelado"),
    "fr": ("Prêt", "Rendu en cours", "Terminé", "Échec", "Annulé"),
    "ja": ("準備完了", "レンダー中", "完了", "失敗", "キャンセル"),
    "ko": ("준비", "렌더링", "완료", "실패", "취소됨"),
    "pt": ("Pronto", "Renderizando", "Concluído", "Falhou", "Cancelado"),
    "ru": ("Готово", "Рендеринг", "Завершено", "Ошибка", "Отменено"),
    "zh": ("就绪", "正在渲染", "已完成", "失败", "已取消"),
}
READY, RENDERING, COMPLETE, FAILED, CANCELLED = range(5)
ERRORS = {
    "en": "The disk is full.",
    "de": "Der Datenträger ist voll.",
    "es": "El disco está lleno.",
    "ru": "Диск переполнен.",
    "ja": "ディスクに空き領域がありません。",
    "zh": "磁盘已满。",
}


def status(locale, which):
    """Return a render status as `GetRenderJobStatus` words it."""
    return STATUS[locale][which]


def error(locale):
    """Return an error text in a language, or in English."""
    return ERRORS.get(locale, ERRORS["en"])

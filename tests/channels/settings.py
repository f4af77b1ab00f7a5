"""Settings that turn every channel on."""

from tests.fakes.notify import API_KEY, CALLBACK_TOKEN

EVERY_CHANNEL = {
    "public_base_url": "https://bot.example",
    "twilio_account_sid": f"AC{'0' * 32}",
    "twilio_auth_token": "a token",
    "twilio_sms_from": "+447700900999",
    "twilio_whatsapp_from": "+447700900998",
    "notify_api_key": API_KEY,
    "notify_callback_token": CALLBACK_TOKEN,
    "telegram_bot_token": "1:AAEm5",
    "telegram_webhook_secret": "a-secret",
}
